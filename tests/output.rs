//! The output folder, from the first build to the last: what is written, what is left alone, what is deleted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use genblog::files::composition::Composition;
use genblog::files::output::{Failure, Output, Phase, Planned, Report};
use genblog::words::diagnostic::Diagnostic;
use genblog::words::route::Route;

/// A site whose outputs are given as (route, bytes); the bytes `!` stand for an output that cannot be made.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("content")).expect("writable");
        Self(root)
    }

    fn build(&self, outputs: &[(&str, &str)]) -> Result<Report, Vec<&'static str>> {
        let mut output = Output::open(self.0.path(), Path::new("public")).map_err(codes)?;
        let planned: Vec<_> = outputs.iter().map(planned).collect();
        let looked = output.look(&planned);
        output.write(&looked).map_err(codes)
    }

    fn put(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        std::fs::write(file, text).expect("writable");
    }

    /// Every file and empty folder of the output folder, with its text.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let public = self.0.path().join("public");
        for entry in walkdir::WalkDir::new(&public).min_depth(1) {
            let entry = entry.expect("readable");
            let path = entry.path().strip_prefix(&public).expect("inside").to_str().expect("UTF-8").to_owned();
            if entry.file_type().is_file() {
                files.insert(path, std::fs::read_to_string(entry.path()).expect("readable"));
            } else if std::fs::read_dir(entry.path()).expect("readable").next().is_none() {
                files.insert(path, "(empty)".to_owned());
            }
        }
        files
    }

    fn modified(&self, path: &str) -> SystemTime {
        std::fs::metadata(self.0.path().join("public").join(path)).and_then(|file| file.modified()).expect("there")
    }
}

fn planned(&(route, bytes): &(&str, &str)) -> Planned<'static> {
    let route = Route::new(route).expect("a sound route");
    let bytes = bytes.to_owned();
    Planned {
        phase: if route.as_str().ends_with(".css") { Phase::Asset } else { Phase::Page },
        fingerprint: blake3::hash(bytes.as_bytes()),
        made_of: Composition::new("page", &[]),
        make: Box::new(move || match &*bytes {
            "!" => Err(vec![Diagnostic::error("template", "it broke")]),
            _ => Ok(bytes.clone().into_bytes()),
        }),
        route,
    }
}

fn codes(failure: Failure) -> Vec<&'static str> {
    match failure {
        Failure::Site(diagnostics) => diagnostics.iter().map(|diagnostic| diagnostic.code).collect(),
        Failure::Machine(diagnostic) => vec![diagnostic.code],
    }
}

fn report(rendered: usize, written: usize, unchanged: usize, removed: usize) -> Result<Report, Vec<&'static str>> {
    Ok(Report { rendered, written, unchanged, removed })
}

fn texts<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, String> {
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

#[test]
fn a_second_build_makes_and_touches_nothing() {
    let site = Site::new();
    let outputs = [("", "home"), ("posts/a/", "a"), ("style.css", "css")];
    assert_eq!(site.build(&outputs), report(3, 3, 0, 0));
    let before = site.modified("posts/a/index.html");
    assert_eq!(site.build(&outputs), report(0, 0, 3, 0));
    assert_eq!(site.modified("posts/a/index.html"), before);
    assert_eq!(site.files(), texts([("index.html", "home"), ("posts/a/index.html", "a"), ("style.css", "css")]));
}

#[test]
fn only_what_changed_is_made_again() {
    let site = Site::new();
    assert_eq!(site.build(&[("a/", "1"), ("b/", "1")]), report(2, 2, 0, 0));
    assert_eq!(site.build(&[("a/", "1"), ("b/", "2")]), report(1, 1, 1, 0));
    site.put("public/a/index.html", "somebody changed this");
    assert_eq!(site.build(&[("a/", "1"), ("b/", "2")]), report(1, 1, 1, 0));
    assert_eq!(site.files(), texts([("a/index.html", "1"), ("b/index.html", "2")]));
}

#[test]
fn nothing_is_written_unless_everything_is_made() {
    let site = Site::new();
    assert_eq!(site.build(&[("a/", "1")]), report(1, 1, 0, 0));
    assert_eq!(site.build(&[("a/", "2"), ("b/", "!"), ("c/", "!")]), Err(vec!["template", "template"]));
    assert_eq!(site.files(), texts([("a/index.html", "1")]));
}

#[test]
fn what_is_no_longer_planned_goes_and_its_folders_too() {
    let site = Site::new();
    assert_eq!(site.build(&[("x/y/a/", "1"), ("x/b/", "1")]), report(2, 2, 0, 0));
    site.put("public/x/keep.txt", "mine");
    assert_eq!(site.build(&[("c/", "1")]), report(1, 1, 0, 2));
    assert_eq!(site.files(), texts([("c/index.html", "1"), ("x/keep.txt", "mine")]));
}

#[test]
fn a_file_that_somebody_changed_is_not_deleted() {
    let site = Site::new();
    assert_eq!(site.build(&[("a.txt", "1"), ("b/", "1")]), report(2, 2, 0, 0));
    site.put("public/a.txt", "mine now");
    assert_eq!(site.build(&[("b/", "1")]), report(0, 0, 1, 0));
    assert_eq!(site.files(), texts([("a.txt", "mine now"), ("b/index.html", "1")]));
}

#[test]
fn a_foreign_file_is_an_error_unless_it_is_the_same() {
    let site = Site::new();
    site.put("public/.gitignore", "*");
    site.put("public/a.txt", "mine");
    site.put("public/b.txt", "same");
    site.put("public/c.txt/d", "mine");
    let outputs = [("a.txt", "1"), ("b.txt", "same"), ("c.txt", "1")];
    assert_eq!(site.build(&outputs), Err(vec!["foreign-file", "foreign-file"]));
    assert_eq!(site.build(&[("b.txt", "same")]), report(1, 0, 1, 0));
    assert_eq!(site.build(&[]), report(0, 0, 0, 1));
    assert_eq!(site.files(), texts([(".gitignore", "*"), ("a.txt", "mine"), ("c.txt/d", "mine")]));
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let site = Site::new();
    assert_eq!(site.build(&[("a", "file")]), report(1, 1, 0, 0));
    assert_eq!(site.build(&[("a/", "page")]), report(1, 1, 0, 1));
    assert_eq!(site.files(), texts([("a/index.html", "page")]));
    assert_eq!(site.build(&[("a", "file")]), report(1, 1, 0, 1));
    assert_eq!(site.files(), texts([("a", "file")]));
}

#[test]
fn two_outputs_cannot_share_a_file() {
    assert_eq!(Site::new().build(&[("a/", "1"), ("a/index.html", "2")]), Err(vec!["duplicate-route"]));
}

#[test]
fn two_builds_do_not_write_at_once() {
    let site = Site::new();
    let first = Output::open(site.0.path(), Path::new("public")).expect("free");
    assert_eq!(site.build(&[("a/", "1")]), Err(vec!["locked"]));
    drop(first);
    assert_eq!(site.build(&[("a/", "1")]), report(1, 1, 0, 0));
}

/// A build that is killed has written some files, has a temporary one, and has not come to its manifest.
#[test]
fn after_a_kill_everything_is_still_known() {
    let site = Site::new();
    assert_eq!(site.build(&[("a/", "1"), ("old/", "1")]), report(2, 2, 0, 0));
    let manifest = std::fs::read_dir(site.0.path().join(".genblog/outputs")).expect("there").next();
    let manifest = manifest.expect("one").expect("readable").path();
    let remembered = std::fs::read(&manifest).expect("readable");
    assert_eq!(site.build(&[("a/", "2"), ("new/", "1"), ("other/", "1")]), report(3, 3, 0, 1));
    // Back to the moment before the manifest: its old text, the journal, one file not yet there and one half written.
    std::fs::write(&manifest, remembered).expect("writable");
    let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
    let journal = format!(
        r#"{{"form":2,"files":{{"a/index.html":["{}"],"new/index.html":["{}"],"other/index.html":["{}"]}}}}"#,
        hash("2"),
        hash("1"),
        hash("1"),
    );
    std::fs::write(manifest.with_extension("journal.json"), journal).expect("writable");
    std::fs::remove_file(site.0.path().join("public/other/index.html")).expect("there");
    let temporary = genblog::files::cache::temporary(Path::new("public/other/index.html"));
    site.put(temporary.to_str().expect("UTF-8"), "ha");

    assert_eq!(site.build(&[("a/", "3"), ("new/", "2")]), report(2, 2, 0, 0));
    assert_eq!(site.build(&[("a/", "3")]), report(0, 0, 1, 1));
    assert_eq!(site.files(), texts([("a/index.html", "3")]));
}

#[cfg(unix)]
#[test]
fn symbolic_links_in_the_output_are_not_followed() {
    let site = Site::new();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(site.0.path().join("public")).expect("writable");
    std::os::unix::fs::symlink(elsewhere.path(), site.0.path().join("public/posts")).expect("writable");
    assert_eq!(site.build(&[("posts/a/", "1")]), Err(vec!["foreign-file"]));
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("there").count(), 0);
}

/// Where many folders lie in one they are listed, not looked at one by one.
#[cfg(unix)]
#[test]
fn a_folder_among_many_that_became_a_link_is_not_followed() {
    let routes: Vec<String> = (0..40).map(|number| format!("posts/{number}/")).collect();
    let outputs: Vec<(&str, &str)> = routes.iter().map(|route| (route.as_str(), "1")).collect();
    let site = Site::new();
    assert_eq!(site.build(&outputs), report(40, 40, 0, 0));
    assert_eq!(site.build(&outputs), report(0, 0, 40, 0));

    // The very file that was made, by way of a link; then the same for the folder above; then a file and nothing in its place.
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    for folder in ["posts/7", "posts"] {
        let (place, aside) = (site.0.path().join("public").join(folder), elsewhere.path().join("aside"));
        std::fs::rename(&place, &aside).expect("one file system");
        std::os::unix::fs::symlink(&aside, &place).expect("writable");
        assert_eq!(site.build(&outputs), Err(vec!["foreign-file"]), "{folder}");
        std::fs::remove_file(&place).expect("there");
        std::fs::rename(&aside, &place).expect("one file system");
        assert_eq!(site.build(&outputs), report(0, 0, 40, 0), "{folder}");
    }
    std::fs::remove_dir_all(site.0.path().join("public/posts/7")).expect("there");
    assert_eq!(site.build(&outputs), report(1, 1, 39, 0));
    std::fs::remove_dir_all(site.0.path().join("public/posts/7")).expect("there");
    site.put("public/posts/7", "a stranger's");
    assert_eq!(site.build(&outputs), Err(vec!["foreign-file"]));
}
