//! The line that tells how far a build is, as a terminal gets it.

// Other systems have a `script` with other words.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::site::Site;

/// What a terminal gets from a build of a new site with so many photographs; `script` (of bsdutils) is one.
fn terminal(photographs: u32, environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let site = Site::new();
    site.album(photographs, (1200, 900));
    let mut words = vec![env!("CARGO_BIN_EXE_genblog"), "build"];
    words.extend(arguments);
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]).current_dir(site.path(""));
    // One after the other, so that no machine is too quick to be seen.
    script.env("RAYON_NUM_THREADS", "1");
    script.env("TERM", "xterm").env_remove("NO_COLOR").envs(environment.iter().copied());
    let output = script.stdin(std::process::Stdio::null()).output().expect("script runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Digits become `0`, each time one line is drawn over the other is a new one, and equal ones are told once.
fn told(text: &str) -> Vec<String> {
    let lines = text.split('\r').map(|line| line.replace('\x1b', "^").replace(|c: char| c.is_ascii_digit(), "0"));
    let mut lines: Vec<String> = lines.map(|line| line.replace("00", "0")).collect();
    lines.dedup();
    lines
}

#[test]
fn a_person_sees_how_far_it_is() {
    let text = terminal(8, &[], &[]);
    let lines = told(&text);
    let is_whole = |line: &String| {
        line.starts_with("^[?0lphotographs 0 of 0 · 0") && line.contains("/s · 0 ") && line.ends_with(" left^[K^[?0h")
    };
    assert!(lines.iter().any(is_whole), "{lines:#?}");
    // The line is gone before anything else is said, and lines wrap as before.
    let last = lines.iter().rposition(|line| line.contains("photographs 0 of 0 ·")).expect("it is there");
    assert!(lines[last + 1].starts_with("^[Kbuilt"), "{lines:#?}");
    assert_eq!(text.matches("\x1b[?7l").count(), text.matches("\x1b[?7h").count());
    let plain = text.split("\x1b[").skip(1).all(|after| after.starts_with('K') || after.starts_with("?7"));
    assert!(plain, "no colours: {text:?}");
}

#[test]
fn nobody_else_does() {
    for (photographs, environment, arguments) in
        [(8, &[("TERM", "dumb")] as &[_], &[] as &[_]), (8, &[], &["--quiet"]), (8, &[], &["--json"]), (1, &[], &[])]
    {
        let text = terminal(photographs, environment, arguments);
        assert!(!text.contains("photographs"), "{environment:?} {arguments:?}: {text:?}");
        assert!(!text.contains('\x1b'), "{environment:?} {arguments:?}: {text:?}");
    }
}

#[test]
fn no_colour_changes_nothing_in_it() {
    let text = terminal(8, &[("NO_COLOR", "1")], &[]);
    assert!(text.contains("photographs"), "{text:?}");
}
