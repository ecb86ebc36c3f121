//! What kernels, hypervisors and daemons write down: when, who, how bad.

use crate::rendering::code::kind::{Kind, Stretch, Stretches, lines};

/// Words that say how bad it is; the first of them in a line counts for all of its words.
const BAD: &[&str] =
    &["error", "fail", "fatal", "panic", "bug:", "oops", "call trace", "unable to", "denied", "timed out"];
const WARNS: &[&str] = &["warn", "deprecated", "retry"];

/// Times, names and numbers. A line of trouble is shown as one.
pub(super) fn read(text: &str) -> Vec<Stretch> {
    let mut stretches = Stretches::default();
    for (start, line) in lines(text) {
        let mut at = 0;
        let time = time(line);
        stretches.push(start..start + time, Kind::Comment);
        at += time;
        let rest = &line[at..];
        let lower = rest.to_lowercase();
        let trouble = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let who = who(rest);
        stretches.push(start + at..start + at + who, Kind::Function);
        at += who;
        if trouble(BAD) {
            stretches.push(start + at..start + line.len(), Kind::Deleted);
        } else if trouble(WARNS) {
            stretches.push(start + at..start + line.len(), Kind::Constant);
        } else {
            numbers(&line[at..], start + at, &mut stretches);
        }
    }
    stretches.done()
}

/// The length of what says when: `[   12.345678] `, `(XEN) [2008-10-08 12:00:00] `, `Oct  8 12:00:00 `, `2008-10-08T12:00:00Z `, `<6>`.
fn time(line: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let more = match rest.as_bytes().first() {
            Some(b'[') => closed(rest, ']', |c| c.is_ascii_digit() || " .:-TZ+".contains(c)),
            Some(b'<') => closed(rest, '>', |c| c.is_ascii_digit()),
            Some(b'(') if rest.starts_with("(XEN)") || rest.starts_with("(d") => {
                closed(rest, ')', |c| c.is_ascii_alphanumeric())
            }
            Some(b' ') if at > 0 => 1,
            Some(byte) if byte.is_ascii_digit() && at == 0 => {
                let length = rest.find(|c: char| !(c.is_ascii_digit() || " .,:-TZ+".contains(c))).unwrap_or(rest.len());
                if rest[..length].contains(':') { length } else { 0 }
            }
            Some(byte) if byte.is_ascii_uppercase() && at == 0 => date(rest),
            _ => 0,
        };
        if more == 0 {
            return at;
        }
        at += more;
    }
}

/// The length of brackets that hold nothing else than what is expected.
fn closed(rest: &str, close: char, inside: fn(char) -> bool) -> usize {
    rest.find(close).filter(|&end| end > 1 && rest[1..end].chars().all(inside)).map_or(0, |end| end + close.len_utf8())
}

/// `Oct  8 12:00:00`.
fn date(rest: &str) -> usize {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let Some(month) = rest.get(..3).filter(|month| MONTHS.split(' ').any(|known| known == *month)) else { return 0 };
    let digits = rest[month.len()..].find(|c: char| !(c.is_ascii_digit() || " :".contains(c)));
    digits.map_or(rest.len(), |length| month.len() + length)
}

/// The length of the name that speaks, with its colon: `xen_netback: `, `pciback 0000:01:00.0: `, `xend[1234]: `.
fn who(rest: &str) -> usize {
    let name = |c: char| c.is_alphanumeric() || "_-.[]/ :".contains(c);
    let end = rest.find(": ").filter(|&end| end < 48 && rest[..end].chars().all(name));
    let one = |end: &usize| rest[..*end].split(' ').count() <= 3;
    end.filter(one).map_or(0, |end| end + 1)
}

/// Numbers and addresses.
fn numbers(text: &str, start: usize, stretches: &mut Stretches) {
    // A version's points are no sentence's.
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut at = 0;
    while let Some(found) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let from = at + found;
        let length = text[from..].find(|c: char| !is_part(c)).unwrap_or(text.len() - from);
        let within_word = text[..from].ends_with(is_part);
        let word = text[from..from + length].trim_end_matches('.');
        let length = word.len();
        let is_number = word.strip_prefix("0x").unwrap_or(word).chars().all(|c| c.is_ascii_hexdigit() || c == '.');
        if is_number && !within_word {
            stretches.push(start + from..start + from + length, Kind::Constant);
        }
        at = from + length;
    }
}
