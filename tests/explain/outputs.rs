//! What an output is made of, and what the next build would do about it.

use std::fs;

use serde_json::{Value, json};

use crate::site::Site;

#[test]
fn an_output_is_explained() {
    let site = Site::new();
    let templates = "post.html, aside.html, base.html, components.html";
    let told = |bytes: &str, verdict: &str| {
        format!(
            "/posts/first/\n\
             \x20 file         public/posts/first/index.html\n\
             \x20 kind         page (post)\n\
             \x20 made of      content/posts/2026-11-01-first/index.md\n\
             \x20 templates    {templates}\n\
             \x20 fingerprint  {bytes}\n\
             \x20 next build   {verdict}\n"
        )
    };
    let before = site.snapshot();
    let new = told("A, none was written\n  bytes        none", "would be made: new");
    assert_eq!(site.explain("/posts/first/"), new);
    assert_eq!(site.snapshot(), before, "nothing is written");

    site.run(&["build"], 0);
    let before = site.snapshot();
    let unchanged = told("A, as it was written\n  bytes        B, as it was written", "unchanged");
    let folder = site.path("").canonicalize().expect("there");
    let absolute = folder.join("public/posts/first/index.html");
    for name in [
        "/posts/first/",
        "posts/first",
        "posts/first/index.html",
        "public/posts/first/",
        "./public/posts/first/index.html",
        absolute.to_str().expect("UTF-8"),
        "https://example.org/posts/first/?x#y",
    ] {
        assert_eq!(site.explain(name), unchanged, "{name}");
    }
    assert_eq!(site.snapshot(), before, "nothing is written");
    assert!(site.explain("https://example.org").starts_with("/\n  file         public/index.html\n"));
    let tag = site.explain("/tags/xen/feed.xml");
    assert!(tag.contains("\n  kind         feed\n  shows        2 posts\n"), "{tag}");

    site.put("public/posts/first/index.html", "somebody's own");
    let changed =
        told("A, as it was written\n  bytes        B, C was written", "would be written: somebody changed the file");
    assert_eq!(site.explain("/posts/first/"), changed);
    fs::remove_file(site.path("public/posts/first/index.html")).expect("there");
    assert_eq!(site.verdict("/posts/first/"), ("deleted".to_owned(), Value::Null));
}

#[test]
fn what_differs_is_named() {
    let site = Site::new();
    site.run(&["build"], 0);
    site.put("content/posts/2026-11-02-second.md", "+++\ntitle = \"Zweiter\"\ntags = [\"xen\"]\n+++\n\nMore.\n");
    let differs = |parts: Value| ("differs".to_owned(), parts);
    assert_eq!(site.verdict("/posts/second/"), differs(json!([{ "part": "view" }])));
    assert_eq!(site.verdict("/posts/first/"), differs(json!([{ "part": "view" }])));
    assert_eq!(site.verdict("/tags/xen/"), differs(json!([{ "part": "items" }])));
    assert_eq!(site.verdict("/about/"), ("unchanged".to_owned(), Value::Null));
    site.run(&["build"], 0);

    let post = include_str!("../../templates/post.html");
    site.put("templates/post.html", &format!("{post}{{# mine #}}"));
    let parts = json!([{ "part": "templates", "templates": ["post.html"] }]);
    assert_eq!(site.verdict("/posts/second/"), differs(parts));
    let told = site.explain("/posts/second/");
    assert!(told.contains("\n  templates    templates/post.html, aside.html, base.html"), "{told}");
    assert!(told.ends_with("fingerprint differs\n  differs      its templates: post.html\n"), "{told}");

    site.put("genblog.toml", "base_url = \"https://example.org/\"\ntitle = \"Andere\"\ntimezone = \"Asia/Tokyo\"\n");
    assert_eq!(site.verdict("/about/"), differs(json!([{ "part": "site" }, { "part": "view" }])));

    // Parts that do not go with the manifest explain nothing.
    let outputs = fs::read_dir(site.path(".genblog/outputs")).expect("there").flatten();
    let parts = outputs.map(|it| it.path()).find(|it| it.extension().is_some_and(|it| it == "parts"));
    fs::remove_file(parts.expect("kept by the build")).expect("there");
    let told = site.explain("/about/");
    assert!(told.ends_with("\n  differs      not known: no build kept its parts\n"), "{told}");
    site.run(&["build"], 0);
    site.run(&["clean"], 0);
    assert_eq!(fs::read_dir(site.path(".genblog/outputs")).map_or(0, Iterator::count), 0);
}

#[test]
fn what_is_no_longer_planned_and_what_is_in_the_way_is_told() {
    let site = Site::new();
    site.run(&["build"], 0);
    fs::remove_file(site.path("content/pages/about.md")).expect("there");
    assert_eq!(site.verdict("/about/").0, "gone");
    site.put("public/about/index.html", "somebody's own");
    assert_eq!(site.verdict("/about/").0, "left");
    site.put("content/pages/more.md", "---\ntitle: More\n---\n");
    assert_eq!(site.verdict("/more/").0, "new");
    site.put("public/more/index.html", "somebody's own");
    assert_eq!(site.verdict("/more/").0, "blocked");
}

#[test]
fn a_source_has_its_outputs() {
    let site = Site::new();
    site.run(&["build"], 0);
    let (told, _) = site.run(&["explain", "content/posts/2026-11-01-first/index.md"], 0);
    let expected = "\
content/posts/2026-11-01-first/index.md: 2 files
  redirect      /old.html  unchanged
  post          /posts/first/  unchanged
";
    assert_eq!(told, expected);
    let told = site.explain("content/posts/2026-11-01-first/table.csv");
    assert!(told.ends_with(": 1 file\n  file without metadata  /posts/first/table.csv  unchanged\n"), "{told}");
    let base = include_str!("../../templates/base.html");
    site.put("templates/base.html", base);
    let (told, _) = site.run(&["explain", "templates/base.html"], 0);
    assert!(told.contains("  post          /posts/second/  unchanged\n") && !told.contains("feed.xml"), "{told}");
    let config = fs::read_to_string(site.path("genblog.toml")).expect("there");
    site.put("genblog.toml", &format!("theme = \"own\"\n{config}"));
    site.put("themes/own/page.html", include_str!("../../templates/page.html"));
    site.put("themes/own/theme.toml", "extends = \"book\"\n");
    site.put("themes/own/css/92-own.css", ".own { color: red; }\n");
    let told = site.explain("themes/own/page.html");
    assert!(
        told.starts_with(
            "themes/own/page.html: 1 file\n  page          /about/  would be made: its fingerprint differs\n"
        ),
        "{told}"
    );
    let told = site.explain("themes/own/css/92-own.css");
    assert!(told.starts_with("themes/own/css/92-own.css: 1 file\n  asset         /assets/style."), "{told}");
    assert!(site.explain("/about/").contains("\n  templates    themes/own/page.html, aside.html, templates/base.html"));
    let (told, _) = site.run(&["explain", "--if-edited", "themes/own/theme.toml"], 0);
    assert!(told.contains("with a comment at its end: nothing\n"), "{told}");
    site.put("genblog.toml", &config);
    site.put("content/posts/2026-11-03-draft.md", "+++\ntitle = \"Half\"\ndraft = true\n+++\n");
    let (_, err) = site.run(&["explain", "content/posts/2026-11-03-draft.md"], 1);
    assert!(err.contains("error[makes-nothing]") && err.contains("its state is `draft`"), "{err}");
    site.run(&["explain", "content/posts/2026-11-03-draft.md", "--drafts"], 0);
    let (_, err) = site.run(&["explain", "genblog.toml"], 1);
    assert!(err.contains("`genblog explain --if-edited genblog.toml` says what an edit of it reaches"), "{err}");
}

#[test]
fn an_album_has_its_pages_and_a_photograph_its_own() {
    let site = Site::new();
    site.put("content/gallery/walk/index.md", "+++\ntitle = \"A walk\"\n+++\n");
    site.put("content/gallery/walk/tree.md", "+++\ntitle = \"Tree\"\nalt = \"A tree.\"\n+++\n");
    let picture = site.path("content/gallery/walk/tree.png");
    image::DynamicImage::new_rgb8(300, 200).save(picture).expect("writable");
    let told = |path: &str| site.explain(&format!("content/gallery/walk/{path}"));
    assert_eq!(
        told("index.md"),
        "content/gallery/walk/index.md: 1 file\n  album         /gallery/walk/  would be made: new\n"
    );
    assert_eq!(
        told("tree.md"),
        "content/gallery/walk/tree.md: 1 file\n  photograph    /gallery/walk/tree/  would be made: new\n"
    );
    let of_picture = told("tree.png");
    assert!(of_picture.contains("\n  picture       /assets/photos/tree."), "{of_picture}");
    assert!(of_picture.ends_with("\n  photograph    /gallery/walk/tree/  would be made: new\n"), "{of_picture}");

    let (edited, _) = site.run(&["explain", "--if-edited", "content/gallery/walk/tree.png"], 0);
    for line in ["  album         /gallery/walk/", "  list          /gallery/", "  photograph    /gallery/walk/tree/"] {
        assert!(edited.lines().any(|other| other == line), "{edited}");
    }
    let pictures =
        |end: &str| edited.lines().filter(|line| line.starts_with("  picture") && line.ends_with(end)).count();
    assert!(pictures("  new") > 0 && pictures("  new") == pictures("  gone"), "{edited}");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_one() {
    let site = Site::new();
    for (name, near) in [
        ("/posts/frist/", "did you mean `/posts/first/`?"),
        ("posts/secnd/index.html", "did you mean `posts/second/index.html`?"),
        ("content/posts/2026-11-02-secnd.md", "did you mean `content/posts/2026-11-02-second.md`?"),
        ("https://example.net/", "its addresses begin with `https://example.org/`"),
        ("nowhere/at/all/near", "write an address of the site"),
    ] {
        let (out, err) = site.run(&["explain", name], 1);
        assert!(out.is_empty() && err.contains("error[unknown-output]") && err.contains(near), "{name}: {out}{err}");
    }
    site.run(&["explain"], 2);
    site.put("content/posts/2026-11-03-broken.md", "+++\ntitle = 5\n+++\n");
    let (_, err) = site.run(&["explain", "/posts/first/"], 1);
    assert!(err.contains("error[wrong-type]"), "{err}");
}
