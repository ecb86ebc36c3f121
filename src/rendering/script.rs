//! Scripts and style sheets as pages load them: [`joined`] puts ES modules one after another, and [`small`] leaves out what only
//! people read, as [`plain`] does in style sheets.
//!
//! A page should load one script, and a person should read several. The modules stand in the order of their names, each
//! after those that it imports from, and no two have a top-level name in common; so nothing is left to do but to leave
//! out the lines that tie them together. Comments are for readers of the sources: whole lines of them stay behind too.

/// One script out of the modules, in this order.
#[must_use]
pub fn joined<'m>(modules: impl IntoIterator<Item = &'m str>) -> String {
    let mut script = String::new();
    for line in modules.into_iter().flat_map(str::lines) {
        let code = line.trim_start();
        let comment = ["//", "/*", "* ", "*/"].iter().any(|start| code.starts_with(start)) || code == "*";
        if code.is_empty() || comment || line.starts_with("import ") {
            continue;
        }
        script.push_str(line.strip_prefix("export ").unwrap_or(line));
        script.push('\n');
    }
    script
}

/// The same script without its comments and spaces; as it is if it cannot be taken apart, for which its author knows the reason.
#[must_use]
pub fn small(script: &str) -> String {
    minifier::js::minify(script).map_or_else(|_| script.to_owned(), |small| small.to_string())
}

/// A style sheet without the comments that stand on lines of their own, and without indentation.
#[must_use]
pub fn plain(style: &str) -> String {
    let mut plain = String::new();
    let mut comment = false;
    for line in style.lines().map(str::trim).filter(|line| !line.is_empty()) {
        comment |= line.starts_with("/*");
        if !comment {
            plain.push_str(line);
            plain.push('\n');
        } else if let Some((_, code)) = line.split_once("*/") {
            comment = false;
            plain.push_str(code);
            plain.push_str(if code.is_empty() { "" } else { "\n" });
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_become_one_script() {
        let first = "// A.\n\n/** Doc\n * of a.\n */\nexport function a() {\n  // why\n  return 2 * b; // b\n}\n";
        let second = "import { a } from \"./1-a.js\";\nconst b = a() // 2\n  + 1;\n";
        let expect = "function a() {\n  return 2 * b; // b\n}\nconst b = a() // 2\n  + 1;\n";
        assert_eq!(joined([first, second]), expect);
    }

    #[test]
    fn a_style_is_published_without_what_only_people_read() {
        let style =
            "/* Boxes.\n * All. */\n\n.a {\n  /* Why. */\n  width: calc(1px + 2px); /* 3px */\n}\n/* b */ .b {}\n";
        assert_eq!(plain(style), ".a {\nwidth: calc(1px + 2px); /* 3px */\n}\n .b {}\n");
    }

    #[test]
    fn a_script_is_published_without_what_only_people_read() {
        let script =
            "/** Says how many. */\nexport function told(count) {\n  // In words.\n  return `${count} of them`;\n}\n";
        assert_eq!(small(script), "export function told(count){return`${count} of them`;}");
    }
}
