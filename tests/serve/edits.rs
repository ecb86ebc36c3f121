//! Edits, each of which reaches open pages, whatever editors and people do to a folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::{TimeDelta, Utc};

use crate::site::{Served, post};

const FIRST: &str = "content/posts/2026-11-01-first.md";

#[test]
fn an_edit_reaches_open_pages() {
    let site = Served::new("/");
    let mut events = site.listen();
    let first = events.next().expect("a greeting");
    assert_eq!(site.listen().next(), Some(first.clone()), "pages agree on what is shown");

    site.write("content/posts/2026-11-01-first.md", &post("After."));
    let second = events.until(|| site.get("/posts/first/", "").2.contains("After."));
    assert_ne!(first, second);

    fs::create_dir(site.folder.join("templates")).expect("a folder");
    site.write("templates/404.html", "mine");
    let third = events.until(|| site.get("/nope", "").2.starts_with("mine"));

    fs::create_dir_all(site.folder.join("themes/own/css")).expect("a folder");
    site.write("themes/own/css/92-own.css", ".own { color: red; }");
    let config = fs::read_to_string(site.folder.join("genblog.toml")).expect("readable");
    site.write("genblog.toml", &format!("theme = \"own\"\n{config}"));
    let sheet = || {
        let page = site.get("/posts/first/", "").2;
        let href = page.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        site.get(href.expect("a sheet"), "").2
    };
    let fourth = events.until(|| sheet().contains(".own"));
    site.write("themes/own/css/92-own.css", ".other { color: red; }");
    let fifth = events.until(|| sheet().contains(".other"));
    assert!(third != fourth && fourth != fifth);
}

#[test]
fn errors_are_shown_over_the_last_whole_site() {
    let site = Served::new("/");
    let mut events = site.listen();
    events.next().expect("a greeting");
    site.write("content/posts/2026-11-02-second.md", "+++\ntitle = \"Second\"\n\"<b>\" = 1\n+++\n");
    events.until(|| site.get("/posts/first/", "").2.contains("error[unknown-key]"));
    let (status, _, body) = site.get("/posts/first/", "");
    assert_eq!(status, 200);
    assert!(body.contains("Before."));
    assert!(body.contains("&lt;b&gt;") && !body.contains("`<b>`"));

    fs::remove_file(site.folder.join("content/posts/2026-11-02-second.md")).expect("removed");
    events.until(|| !site.get("/posts/first/", "").2.contains("error["));
}

/// An open page decides by it whether it has to be loaded anew.
#[test]
fn pages_are_told_which_files_are_other_ones() {
    let site = Served::from("/blog/", &[], &[("static/größe.svg", "<svg/>")]);
    let mut events = site.listen();
    let first = events.next().expect("a greeting");
    site.write("static/größe.svg", "<svg></svg>");
    let told = loop {
        let told = events.told().expect("an event");
        if site.get("/blog/gr%C3%B6%C3%9Fe.svg", "").2 == "<svg></svg>" {
            break told;
        }
    };
    // Unless the file was seen while it was written.
    if told["before"] == first.as_str() {
        assert_eq!(told["changed"], serde_json::json!(["/blog/gr%C3%B6%C3%9Fe.svg"]));
    }
    assert_eq!(events_greeting(&site), serde_json::json!({ "number": told["number"] }));
}

fn events_greeting(site: &Served) -> serde_json::Value {
    site.listen().told().expect("a greeting")
}

/// Editors write beside a file and put that in its place, or move it away first, and leave files of their own.
#[test]
fn every_way_to_save_is_an_edit() {
    let site = Served::new("/");
    let file = site.folder.join(FIRST);
    let beside = |name: &str| file.with_file_name(name);
    let put = |file: &Path, text: &str| fs::write(file, post(text)).expect("written");
    let shows = |text: &str| site.until("/posts/first/", |status, body| status == 200 && body.contains(text));

    put(&beside(".first.md.swp"), "swap");
    put(&beside("4913"), "vim tries whether it may write");
    fs::remove_file(beside("4913")).expect("removed");
    fs::rename(&file, beside("2026-11-01-first.md~")).expect("moved away");
    put(&file, "As vim does it.");
    shows("As vim does it.");

    put(&beside(".goutputstream-X1"), "As GNOME does it.");
    fs::rename(beside(".goutputstream-X1"), &file).expect("put in its place");
    shows("As GNOME does it.");

    put(&beside("#first.md#.tmp~"), "As emacs does it.");
    std::os::unix::fs::symlink("somebody@somewhere.1", beside(".#2026-11-01-first.md")).expect("a lock");
    fs::rename(beside("#first.md#.tmp~"), &file).expect("put in its place");
    fs::remove_file(beside(".#2026-11-01-first.md")).expect("removed");
    shows("As emacs does it.");

    let sed = Command::new("sed").args(["-i", "s/emacs/sed/"]).arg(&file).status().expect("sed runs");
    assert!(sed.success());
    shows("As sed does it.");
}

#[test]
fn folders_may_go_and_come_back() {
    let site = Served::new("/");
    let content = site.folder.join("content");
    let shows = |text: &str| site.until("/posts/first/", |status, body| status == 200 && body.contains(text));
    fs::remove_dir_all(&content).expect("removed");
    site.until("/posts/first/", |_, body| body.contains("error[no-content]"));
    fs::create_dir_all(content.join("posts")).expect("made anew");
    site.write(FIRST, &post("Once more."));
    shows("Once more.");
    site.write(FIRST, &post("And followed."));
    shows("And followed.");

    // Deleted and made anew so quickly that nobody sees it gone.
    fs::remove_dir_all(&content).expect("removed");
    fs::create_dir_all(content.join("posts")).expect("made anew");
    site.write(FIRST, &post("At once."));
    shows("At once.");
    site.write(FIRST, &post("Still followed."));
    shows("Still followed.");

    // The whole site is moved away and comes back.
    let away = site.folder.with_extension("away");
    fs::rename(&site.folder, &away).expect("moved away");
    site.until("/posts/first/", |_, body| body.contains("error[no-config]"));
    fs::write(away.join(FIRST), post("Written elsewhere.")).expect("written");
    fs::rename(&away, &site.folder).expect("moved back");
    shows("Written elsewhere.");
    site.write(FIRST, &post("Here again."));
    site.until("/posts/first/", |_, body| body.contains("Here again.") && !body.contains("error["));
}

#[test]
fn a_syntax_error_in_each_kind_of_file_is_told_and_forgotten() {
    let site = Served::new("/");
    let files = [
        ("genblog.toml", "title = \"No end", "error[syntax]"),
        ("templates/post.html", "{% if %}", "error[template]"),
        (FIRST, "+++\ntitle = 1\n+++\n", "error["),
    ];
    for (path, broken, told) in files {
        let before = fs::read_to_string(site.folder.join(path)).ok();
        fs::create_dir_all(site.folder.join(path).parent().expect("a folder")).expect("a folder");
        site.write(path, broken);
        site.until("/posts/first/", |_, body| {
            body.contains("The site has errors") && body.contains(path) && body.contains(told)
        });
        match before {
            Some(text) => site.write(path, &text),
            None => fs::remove_file(site.folder.join(path)).expect("removed"),
        }
        site.until("/posts/first/", |_, body| body.contains("Before.") && !body.contains("The site has errors"));
    }
}

/// Many edits at once, in many ways; what is shown in the end is what a site would show that begins there.
#[test]
fn a_storm_of_edits_ends_where_a_new_start_would() {
    let site = Served::new("/");
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let site = &site;
            scope.spawn(move || {
                for round in 0..60 {
                    let path = format!("content/posts/{writer}/deep/w{writer}-{}.md", round % 7);
                    let file = site.folder.join(&path);
                    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                    let text = format!(
                        "+++\ntitle = \"Post {writer} {}\"\ndate = 2026-11-02\n+++\nRound {round}.\n",
                        round % 7
                    );
                    match round % 5 {
                        0 => fs::write(&file, text).expect("written"),
                        1 => {
                            let beside = file.with_extension("new~");
                            fs::write(&beside, text).expect("written");
                            fs::rename(beside, &file).expect("put in its place");
                        }
                        2 => drop(fs::remove_file(&file)),
                        3 => drop(fs::remove_dir_all(site.folder.join(format!("content/posts/{writer}")))),
                        _ => drop(fs::rename(&file, file.with_file_name(format!("moved-{writer}-{round}.md")))),
                    }
                }
                let last = format!("content/posts/2026-11-03-last-{writer}.md");
                site.write(&last, &format!("+++\ntitle = \"Last {writer}\"\n+++\nEnd.\n"));
            });
        }
    });
    for writer in 0..3 {
        site.until(&format!("/posts/last-{writer}/"), |status, body| status == 200 && body.contains("End."));
    }
    let built = Command::new(env!("CARGO_BIN_EXE_genblog"))
        .args(["build", "--quiet", "--base-url", &format!("http://{}/", site.address), "--root"])
        .arg(&site.folder)
        .output()
        .expect("genblog runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for path in ["archives/", "feed.xml", "sitemap.xml"] {
        let file = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        let expected = fs::read_to_string(site.folder.join("public").join(file)).expect("built");
        site.until(&format!("/{path}"), |_, body| without_tools(body) == expected);
    }
}

/// A page as a build writes it.
fn without_tools(page: &str) -> String {
    let Some((before, after)) = page.split_once("<meta name=\"genblog-site\"") else { return page.to_owned() };
    format!("{before}{}", after.split_once("</script>").map_or("", |(_, rest)| rest))
}

#[test]
fn a_post_appears_when_its_time_comes() {
    let site = Served::new("/");
    let date = (Utc::now() + TimeDelta::seconds(2)).format("%Y-%m-%dT%H:%M:%SZ");
    site.write("content/posts/soon.md", &format!("+++\ntitle = \"Soon\"\ndate = {date}\n+++\nHere it is.\n"));
    site.until("/posts/soon/", |status, body| status == 200 && body.contains("Here it is."));
}

/// What a server remembers on disk makes it quicker, and it needs none of it.
#[test]
fn edits_are_followed_where_nothing_can_be_written() {
    let site = Served::from("/", &["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""], &[]);
    site.write(FIRST, &post("After."));
    site.until("/posts/first/", |status, body| status == 200 && body.contains("After.") && !body.contains("error["));
}
