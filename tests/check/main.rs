//! `genblog check` as a user calls it, with what only this command looks at: links that leave the site, budgets, SARIF.

mod budgets;
mod external;
mod sarif;
mod server;

#[path = "../sites/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod sites;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs a command on the site in `folder`, on a day that is the same for all tests unless they name another.
fn genblog(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    // A proxy would be asked for the tests' servers.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.env("SOURCE_DATE_EPOCH", "1796083200");
    command.args(arguments).arg("--root").arg(folder).output().expect("genblog runs")
}

/// Runs a command that must end with `code`, and gives what it said on standard output and error.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = genblog(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/golden").join(name)
}

/// Holds what was said about the site in the first part of a golden file against the second. With `UPDATE_GOLDEN=1` that is written
/// anew.
#[track_caller]
fn hold(name: &str, said: impl Fn(&str) -> String) {
    let file = golden(name);
    let text = std::fs::read_to_string(&file).expect("readable");
    let (site, expected) = text.split_once("\n===\n").unwrap_or((text.trim_end(), ""));
    let said = said(site);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, format!("{site}\n===\n{}\n", said.trim_end())).expect("writable");
    } else {
        assert_eq!(said.trim_end(), expected.trim_end(), "{name}");
    }
}

/// A language that genblog does not speak is an author's to speak; a build says nothing, and a check says how much of it there is.
#[test]
fn phrases_in_english_are_told_where_another_language_is_spoken() {
    hold("english-phrase.txt", |site| {
        let folder = sites::folder(site);
        assert_eq!(run(folder.path(), &["build", "--quiet"], 0), (String::new(), String::new()));
        run(folder.path(), &["check"], 0).1
    });
    for language in ["de-AT", "en", "fr", "es-419"] {
        let config = format!(
            "--- genblog.toml\nbase_url = \"https://example.org/\"\ntitle = \"N\"\nlanguage = \"{language}\"\n"
        );
        let folder = sites::folder(&format!("{config}--- content/pages/a.md\n+++\ntitle = \"A\"\n+++\n"));
        assert_eq!(run(folder.path(), &["check"], 0).1, "");
    }
}

/// Every diagnostic code of this command has a golden message here.
#[test]
fn every_code_has_a_golden_message() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["src/running/check.rs", "src/running/external/telling.rs", "src/running/budgets.rs"] {
        let text = std::fs::read_to_string(root.join(file)).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let starts = ["Diagnostic::error(\"", "Diagnostic::warning(\""];
        let codes = starts.iter().flat_map(|start| code.split(start).skip(1)).filter_map(|rest| rest.split('"').next());
        let codes: Vec<&str> = codes.collect();
        assert!(!codes.is_empty(), "{file}");
        for code in codes {
            let golden = std::fs::read_to_string(golden(&format!("{code}.txt"))).unwrap_or_default();
            assert!(golden.contains(&format!("[{code}]")), "no golden message for {code}");
        }
    }
}
