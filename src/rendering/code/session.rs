//! A terminal session: prompts, what was typed, what came back.

use crate::rendering::code::grammar;
use crate::rendering::code::kind::{Kind, Stretch, Stretches, lines};

/// Prompts, and lines that go on; a line without one is what a program said.
pub(super) fn read(text: &str) -> Vec<Stretch> {
    let mut stretches = Stretches::default();
    let mut goes_on = false;
    for (start, line) in lines(text) {
        let prompt = if goes_on && line.starts_with("> ") { 2 } else { prompt(line) };
        if prompt > 0 {
            stretches.push(start..start + prompt, Kind::Prompt);
        }
        if prompt > 0 || goes_on {
            let typed = &line[prompt..];
            stretches.extend(grammar::read("sh", typed), start + prompt);
            goes_on = typed.ends_with('\\');
        }
    }
    stretches.done()
}

/// The length of the prompt that a line begins with: `$ `, `# `, `user@host:~$ `, `[root@dom0 ~]# `, `(gdb) `, `>>> `.
fn prompt(line: &str) -> usize {
    for fixed in ["$ ", "# ", "% ", "(gdb) ", "(xen) ", ">>> "] {
        if line.starts_with(fixed) {
            return fixed.len();
        }
    }
    let end = line.find("$ ").into_iter().chain(line.find("# ")).min();
    let is_place = |place: &str| {
        let bare = place.strip_prefix('[').unwrap_or(place);
        let host = bare.split([':', ' ', ']']).next().unwrap_or_default();
        place.len() < 80
            && host.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
            && !host.contains(|c: char| !(c.is_alphanumeric() || "@.-_".contains(c)))
    };
    end.filter(|&end| is_place(&line[..end])).map_or(0, |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::prompt;

    #[test]
    fn prompts_are_told_from_output() {
        for (line, length) in [
            ("$ ls", 2),
            ("# xm list", 2),
            ("user@dom0:~$ xl info", 13),
            ("[root@dom0 xen]# ls", 17),
            ("(gdb) bt", 6),
            ("Price: 5$ each", 0),
            ("$", 0),
            ("#include <stdio.h>", 0),
            ("mail a@b says 5$ ", 0),
            ("@$ x", 0),
        ] {
            assert_eq!(prompt(line), length, "{line}");
        }
    }
}
