//! Nothing that is there is touched, nothing is written by a dry run, and nothing leaves the site's folder.

use std::fs;

use crate::{folder, genblog, snapshot};

const FEED: &str = "--- feed.xml\n<rss><channel><title>T</title><link>https://a.example/</link>\
    <item><title>One</title><link>https://a.example/one/</link><pubDate>Fri, 12 Dec 2008 17:35:11 +0000</pubDate>\
    <description>&lt;p>Text.</description></item></channel></rss>\n";

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let root = folder(FEED);
    let (code, dry, _) = genblog(root.path(), &["import", "feed.xml", "--into", "new", "--dry-run"]);
    assert_eq!((code, root.path().join("new").exists()), (Some(0), false), "{dry}");
    assert!(dry.contains("would write content/posts/2008-12-12-one.html\n"), "{dry}");
    assert!(dry.ends_with("2 files to write, 0 there already; nothing was written\n"), "{dry}");
    let (code, wet, _) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!(code, Some(0));
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("feed.xml")).map(str::to_owned).collect()
    };
    assert_eq!(lines(&dry), lines(&wet));
    let files: Vec<_> = snapshot(&root.path().join("new")).into_keys().collect();
    let would: Vec<_> =
        dry.lines().filter_map(|line| line.strip_prefix("would write ")).map(std::path::PathBuf::from).collect();
    assert!(files.len() == would.len() && files.iter().all(|file| would.contains(file)), "{files:?} {would:?}");
}

#[test]
fn what_is_there_is_never_touched_and_then_nothing_is_written() {
    let root = folder(FEED);
    let new = root.path().join("new");
    genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    let post = new.join("content/posts/2008-12-12-one.html");
    fs::write(&post, "mine").expect("writable");
    fs::remove_file(new.join("genblog.toml")).expect("removed");
    let before = snapshot(&new);
    let (code, _, complaints) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!((code, snapshot(&new) == before), (Some(1), true), "{complaints}");
    assert!(
        complaints.contains("error[import-exists]: `content/posts/2008-12-12-one.html` is there already"),
        "{complaints}"
    );
}

#[test]
fn a_site_that_is_there_keeps_its_configuration_and_its_zone() {
    let root = folder(&format!(
        "{FEED}--- new/genblog.toml\nbase_url = 'https://b.example/'\ntitle = 'Mine'\ntimezone = 'Asia/Tokyo'\n"
    ));
    let (code, told, _) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!(code, Some(0));
    assert!(told.contains("genblog.toml: by hand: the source says `title = \"T\"`"), "{told}");
    let post = fs::read_to_string(root.path().join("new/content/posts/2008-12-13-one.html")).expect("in Tokyo's day");
    assert!(post.contains("date = 2008-12-13T02:35:11\n"), "{post}");
    assert!(fs::read_to_string(root.path().join("new/genblog.toml")).expect("there").contains("Mine"));
}

#[test]
fn names_that_only_some_file_systems_tell_apart_are_in_each_others_way() {
    let root = folder(&format!("{FEED}--- new/content/posts/2008-12-12-ONE.html\nmine\n"));
    let (code, _, complaints) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!(code, Some(1));
    assert!(complaints.contains("but for the case or the accents of its name"), "{complaints}");
    let old = folder(
        "--- old/_config.yml\ntitle: T\n--- old/a.md\n---\ntitle: A\n---\n--- old/e\u{301}.png (png 3x2)\n--- old/\u{e9}.png (png 3x2)\n--- old/A.png (png 3x2)\n--- old/a.png (png 3x2)\n",
    );
    let (code, told, _) = genblog(old.path(), &["import", "old", "--into", "new"]);
    assert_eq!(
        (code, told.matches("is there already, but for its case or its accents").count()),
        (Some(0), 1),
        "{told}"
    );
}

#[test]
fn no_name_leads_out_of_the_site() {
    let hostile = "--- feed.xml\n<rss><channel><title>T</title><link>https://a.example/</link>\
        <item><title>../../../x</title><link>https://a.example/../../../etc/passwd</link><pubDate>Fri, 12 Dec 2008 17:35:11 +0000</pubDate></item>\
        <item><title>con</title><link>https://a.example/con</link><pubDate>Fri, 12 Dec 2008 17:35:12 +0000</pubDate></item>\
        <item><title>b</title><link>https://a.example/%2e%2e/%00%0a</link><guid>../../g</guid><category>../..</category></item>\
        <item><title>LONG</title></item></channel></rss>\n";
    let root = folder(&hostile.replace("LONG", &"long ".repeat(200)));
    fs::write(root.path().join("secret"), "secret").expect("writable");
    let (code, told, _) = genblog(root.path(), &["import", "feed.xml", "--into", "deep/new"]);
    assert_eq!(code, Some(0), "{told}");
    let outside: Vec<_> = snapshot(root.path()).into_keys().filter(|path| !path.starts_with("deep/new")).collect();
    assert_eq!(outside.len(), 2, "{outside:?}");
    let (code, _, complaints) = genblog(&root.path().join("deep/new"), &["build"]);
    assert_eq!(code, Some(0), "{complaints}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_in_neither_folder() {
    let root = folder(
        "--- old/_config.yml\ntitle: T\n--- old/a.md\n---\ntitle: A\n---\n--- old/secret.png (link /etc/hostname)\n--- old/_posts/2008-12-12-a.md (link /etc/hostname)\n",
    );
    let (code, told, _) = genblog(root.path(), &["import", "old", "--into", "new"]);
    assert_eq!((code, told.matches("lost: symbolic links are not followed").count()), (Some(0), 2), "{told}");
    assert!(!root.path().join("new/static").exists());

    let root = folder(&format!("{FEED}--- elsewhere/x\n--- new/content (link ../elsewhere)\n"));
    let (code, _, complaints) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!(code, Some(1));
    assert!(
        complaints.contains("`content` is in the way of") && !root.path().join("elsewhere/posts").exists(),
        "{complaints}"
    );
}

#[test]
fn a_source_that_is_none_is_told_apart_from_one_that_cannot_be_read() {
    let root = folder("--- a.txt\nhello\n--- site/genblog.toml\n--- empty/x.pdf\n--- hugo/hugo.toml\n");
    for (arguments, code, says) in [
        (&["import", "nothing"][..], 2, "error[no-source]: `nothing` cannot be read"),
        (&["import", "a.txt"], 1, "error[no-feed]: `a.txt` is no feed"),
        (&["import", "site", "--into", "new"], 1, "is a site of genblog already"),
        (&["import", "empty", "--into", "new"], 1, "nothing in `empty` says which generator it is of"),
        (&["import", "hugo", "--into", "hugo/new"], 2, "error[import-place]"),
        (&["import", "a.txt", "--from", "hugo"], 2, "Hugo keeps a site in a folder"),
        (&["import", "a.txt", "--from", "wordpress"], 2, "invalid value"),
        (&["import"], 2, "required"),
    ] {
        let (ended, _, complaints) = genblog(root.path(), arguments);
        assert!(ended == Some(code) && complaints.contains(says), "{arguments:?}: {ended:?}\n{complaints}");
    }
    assert!(!root.path().join("new").exists());
}

#[test]
fn an_import_that_was_killed_is_completed_by_the_next() {
    let root = folder(&format!("{FEED}--- new/.genblog/import/file\nhalf a file"));
    let (code, told, complaints) = genblog(root.path(), &["import", "feed.xml", "--into", "new"]);
    assert_eq!((code, &*complaints), (Some(0), ""), "{told}");
    assert!(!root.path().join("new/.genblog/import").exists());
}
