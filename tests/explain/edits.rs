//! What an edit reaches.

use std::fs;

use serde_json::{Value, json};

use crate::site::Site;

#[test]
fn an_edit_reaches_what_it_reaches() {
    let site = Site::new();
    site.run(&["build"], 0);
    let before = site.snapshot();
    let edited = |file: &str| site.run(&["explain", "--if-edited", file], 0).0;
    let expected = "\
if `content/pages/about.md` were edited, a build would make again
with one more word at its end: 1 of 39 files
  page          /about/
with another title: 1 of 39 files
  page          /about/
";
    assert_eq!(counted(&edited("content/pages/about.md")), counted(expected));
    let told = edited("content/posts/2026-11-02-second.md");
    let (word, title) = told.split_once("with another title").expect("both edits");
    for address in ["/posts/second/", "/feed.xml", "/tags/xen/feed.xml"] {
        assert!(word.contains(&format!("  {address}\n")), "{address} in {word}");
    }
    assert!(!word.contains("  /posts/first/\n") && title.contains("  /posts/first/\n"), "{told}");
    let expected = "\
if `static/robots.png` were edited, a build would make again
with other bytes: 1 of 39 files
  file          /robots.png
";
    assert_eq!(counted(&edited("static/robots.png")), counted(expected));
    assert_eq!(site.snapshot(), before, "nothing is written");

    for number in 0..10 {
        site.put(&format!("content/posts/2026-10-0{number}-old-{number}.md"), "+++\ntitle = \"Old\"\n+++\n");
    }
    fs::remove_file(site.path("content/posts/2026-10-00-old-0.md")).expect("there");
    let config = edited("genblog.toml");
    assert!(config.contains("with a comment at its end: nothing\nwith another title: "), "{config}");
    assert!(config.contains("\n  and ") && config.lines().count() == 24, "{config}");

    site.put("templates/css/5-post.css", ".post { color: red; }\n");
    let style = edited("templates/css/5-post.css");
    assert!(style.contains("with a comment at its end: nothing\nwith a rule or statement at its end: "), "{style}");
    site.put("templates/404.html", include_str!("../../templates/404.html"));
    let page = edited("templates/404.html");
    assert!(page.ends_with(" files\n  list          /404.html\n"), "{page}");
    let (told, _) = site.run(&["explain", "--if-edited", "templates/css/5-post.css", "--json"], 0);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let outputs = told[1]["outputs"].as_array().expect("a list");
    let becomes = |word: &str| outputs.iter().filter(|one| one["becomes"] == word).count();
    assert_eq!((becomes("new"), becomes("gone")), (1, 1), "{told}");
    assert!(becomes("again") > 8 && told[0]["outputs"] == json!([]), "{told}");
}

/// Without the number of all files, which is the theme's affair.
fn counted(text: &str) -> String {
    let line = |line: &str| line.split(" of ").next().unwrap_or_default().to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What is foretold of an edit is what a build does after it.
#[test]
fn an_edit_that_is_made_is_as_it_was_foretold() {
    let site = Site::new();
    site.run(&["build"], 0);
    let path = "content/posts/2026-11-02-second.md";
    let (told, _) = site.run(&["explain", "--if-edited", path, "--json"], 0);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let addresses = |outputs: &Value| -> Vec<String> {
        let outputs = outputs.as_array().expect("a list").iter();
        outputs.map(|one| one["address"].as_str().expect("text").to_owned()).collect()
    };
    let text = fs::read_to_string(site.path(path)).expect("there");
    site.put(path, &format!("{text}\nedited\n"));
    let (all, _) = site.run(&["explain", "--json", path], 0);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all[0]["verdict"], "differs");
    for address in addresses(&told[0]["outputs"]) {
        assert_eq!(site.verdict(&address).0, "differs", "{address}");
    }
    for address in ["/archives/", "/about/", "/posts/first/", "/404.html"] {
        let foretold = addresses(&told[0]["outputs"]).contains(&address.to_owned());
        assert_eq!(site.verdict(address).0 == "differs", foretold, "{address}");
    }
}

#[test]
fn an_edit_that_cannot_be_is_told() {
    let site = Site::new();
    for (file, help) in [
        ("content/posts/none.md", "is no file of this site"),
        ("README.md", "is no file of this site"),
        ("templates/post.html", "it is built into the program"),
    ] {
        let (_, err) = site.run(&["explain", "--if-edited", file], 1);
        assert!(err.contains("error[no-source]") && err.contains(help), "{file}: {err}");
    }
    // Two posts without names of their own are called by their titles.
    site.put("content/posts/2026-11-03.md", "+++\ntitle = \"Same\"\n+++\n\nOne.\n");
    site.put("content/posts/2026-11-04.md", "+++\ntitle = \"Same edited\"\n+++\n\nTwo.\n");
    let (told, err) = site.run(&["explain", "--if-edited", "content/posts/2026-11-03.md"], 0);
    assert!(told.contains("with another title: nothing, since the site would have errors\n"), "{told}");
    assert!(err.contains("error[duplicate-route]"), "{err}");
}
