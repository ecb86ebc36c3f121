//! Options that stand in the environment.

use std::fs;

use crate::site::{Site, said};

#[test]
fn the_environment_stands_for_options() {
    let site = Site::new();
    site.put("content/posts/2026-11-03-draft.md", "+++\ntitle = \"Draft\"\ndraft = true\n+++\n");
    site.put("content/posts/2026-12-24-eve.md", "+++\ntitle = \"Eve\"\n+++\n");
    site.put("content/posts/2026-10-01-gone.md", "+++\ntitle = \"Gone\"\nexpires = 2026-10-02\n+++\n");
    site.put("other.toml", "base_url = \"https://example.org/\"\ntitle = \"Other\"\n");
    let has = |path: &str| site.path(path).exists();
    let text = |path: &str| fs::read_to_string(site.path(path)).expect("there");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut command = site.command();
    command.current_dir(elsewhere.path()).env("GENBLOG_ROOT", site.path("")).arg("build");
    said(&command.output().expect("genblog runs"), 0);
    assert!(has("public/index.html"));
    site.run_with(&[("GENBLOG_ROOT", "/nowhere")], &["--root", ".", "build"], 0);

    for (name, option, slug) in [
        ("GENBLOG_DRAFTS", "--drafts", "draft"),
        ("GENBLOG_FUTURE", "--future", "eve"),
        ("GENBLOG_EXPIRED", "--expired", "gone"),
    ] {
        let page = format!("public/posts/{slug}/index.html");
        for (value, arguments, there) in [
            ("1", &["build"][..], true),
            ("", &["build"], false),
            ("true", &["build"], true),
            ("0", &["build"], false),
            ("no", &["build", option], true),
        ] {
            site.run_with(&[(name, value)], arguments, 0);
            assert_eq!(has(&page), there, "{name}={value} {arguments:?}");
        }
    }
    site.run_with(&[("GENBLOG_CLOCK", "2026-12-25T00:00:00Z")], &["build"], 0);
    assert!(has("public/posts/eve/index.html"));
    site.run_with(&[("GENBLOG_CLOCK", "2026-12-25T00:00:00Z")], &["build", "--clock", "2026-12-01T00:00:00Z"], 0);
    assert!(!has("public/posts/eve/index.html"));

    site.run_with(&[("GENBLOG_CONFIG", "other.toml"), ("GENBLOG_OUTPUT_DIR", "out")], &["build"], 0);
    assert!(text("out/index.html").contains("Other") && text("public/index.html").contains("Notes"));
    site.run_with(&[("GENBLOG_CONFIG", "other.toml")], &["--config", "genblog.toml", "build"], 0);
    site.run_with(&[("GENBLOG_OUTPUT_DIR", "out")], &["clean"], 0);
    assert!(!has("out") && has("public/index.html"));
    let other = [("GENBLOG_BASE_URL", "https://example.net/")];
    site.run_with(&other, &["build"], 0);
    assert!(text("public/feed.xml").contains("https://example.net/posts/"));
    site.run_with(&other, &["build", "--base-url", "https://example.com/"], 0);
    assert!(text("public/feed.xml").contains("https://example.com/posts/"));
    let all = ["ROOT", "CONFIG", "OUTPUT_DIR", "BASE_URL", "DRAFTS", "FUTURE", "EXPIRED", "CLOCK", "PORT", "BIND"];
    let names = all.map(|name| format!("GENBLOG_{name}"));
    let empty: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    site.run_with(&empty, &["build"], 0);
    assert!(text("public/feed.xml").contains("https://example.org/posts/"));
}

#[test]
fn a_bad_value_in_the_environment_is_told_by_its_name() {
    let site = Site::new();
    for (name, value, command) in [
        ("GENBLOG_DRAFTS", "perhaps", "build"),
        ("GENBLOG_FUTURE", "perhaps", "check"),
        ("GENBLOG_EXPIRED", "perhaps", "serve"),
        ("GENBLOG_CLOCK", "yesterday", "list"),
        ("GENBLOG_PORT", "70000", "serve"),
        ("GENBLOG_BIND", "here", "serve"),
    ] {
        let (_, err) = site.run_with(&[(name, value)], &[command], 2);
        let start = format!("error: the variable `{name}` of the environment: invalid value '{value}'");
        assert!(err.starts_with(&start), "{err}");
    }
    for (name, value, place) in [
        ("GENBLOG_ROOT", "nowhere", "nowhere"),
        ("GENBLOG_CONFIG", "none.toml", "none.toml"),
        ("GENBLOG_OUTPUT_DIR", "content", "content"),
        ("GENBLOG_BASE_URL", "nonsense", "nonsense"),
    ] {
        let (_, err) = site.run_with(&[(name, value)], &["build"], 1);
        assert!(err.contains(place), "{name}: {err}");
    }
    // What is wrong on the line is not the environment's fault.
    let (_, err) = site.run_with(&[("GENBLOG_PORT", "1")], &["serve", "--port", "x"], 2);
    assert!(err.starts_with("error: invalid value 'x' for '--port <PORT>'"), "{err}");
    let (help, _) = site.run_with(&[("GENBLOG_BASE_URL", "secret")], &["build", "--help"], 0);
    assert!(help.contains("[env: GENBLOG_BASE_URL]") && !help.contains("secret"), "{help}");
}

#[cfg(unix)]
#[test]
fn serve_listens_where_the_environment_says() {
    use std::io::{BufRead, BufReader};
    let site = Site::new();
    let mut command = site.command();
    command.env("GENBLOG_PORT", "0").env("GENBLOG_BIND", "127.0.0.2").arg("serve");
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("genblog runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.contains("http://127.0.0.2:") && !line.contains(":1111"), "{line}");
}
