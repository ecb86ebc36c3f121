//! Diagrams of whole sites: in pages and feeds, with Graphviz and without. `make setup` installs it.

mod made;
mod sites;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::render;
use made::{Outputs, made};
use walkdir::WalkDir;

/// A site of one post.
fn site_of(text: &str) -> String {
    format!("--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n{text}\n")
}

/// What a site of one post becomes, and what there is to say about it.
fn outputs(text: &str) -> (Outputs, String) {
    let folder = sites::folder(&site_of(text));
    let (site, problems) = sites::site(folder.path());
    let (made, _) = made(&site.expect("a sound configuration"), &Theme::new(&[]).expect("a sound theme"));
    let made = made.unwrap_or_else(|problems| panic!("{}", render(&problems, false)));
    (made, render(&problems, false))
}

fn text<'a>(outputs: &'a Outputs, file: &str) -> &'a str {
    std::str::from_utf8(outputs.get(file).unwrap_or_else(|| panic!("no {file}"))).expect("text")
}

const TWO: &str = "```dot alt=\"One & two.\" caption=\"The *way*\"\ndigraph { one -> \"zwei ü ✓\" }\n```\n";

#[test]
fn a_diagram_stands_in_the_page_with_its_text_beside_it() {
    let (outputs, problems) = outputs(TWO);
    assert_eq!(problems, "");
    let page = text(&outputs, "posts/a/index.html");
    let (_, figure) = page.split_once("<figure class=\"diagram\" id=\"dot\">").expect("a figure");
    let (figure, _) = figure.split_once("</figure>").expect("its end");
    assert!(figure.contains("role=\"img\" aria-label=\"One &amp; two.\""), "{figure}");
    assert!(figure.contains("stroke=\"currentColor\"") && figure.contains(">zwei ü ✓</text>"), "{figure}");
    for absent in ["style=", "<title", "<!--", "black", "white", "Times", " id=", "xlink"] {
        assert!(!figure.contains(absent), "{absent} in {figure}");
    }
    let caption = "<figcaption>The <em>way</em> <a href=\"/blog/posts/a/diagram-dot.dot.txt\" type=\"text/plain\">";
    assert!(figure.contains(caption), "{figure}");
    assert_eq!(text(&outputs, "posts/a/diagram-dot.dot.txt"), "digraph { one -> \"zwei ü ✓\" }\n");
    let png = image::load_from_memory(&outputs["posts/a/diagram-dot.png"]).expect("a picture").to_rgb8();
    assert_eq!(png.get_pixel(0, 0).0, [255; 3], "readers of feeds show it on any ground");
    assert!(png.pixels().any(|pixel| pixel.0[0] < 60));
    let feed = text(&outputs, "feed.xml");
    assert!(
        feed.contains("src=\"https://example.org/blog/posts/a/diagram-dot.png\"") && !feed.contains("<svg"),
        "{feed}"
    );
}

#[test]
fn letters_that_no_font_of_ours_has_are_text_in_feeds() {
    let (outputs, problems) = outputs("```dot alt=\"A\"\ngraph { \"環\" -- b }\n```\n");
    assert_eq!(problems, "");
    assert!(text(&outputs, "posts/a/index.html").contains(">環</text>"));
    assert!(!outputs.contains_key("posts/a/diagram-dot.png"));
    let feed = text(&outputs, "feed.xml");
    assert!(feed.contains("環") && !feed.contains("diagram-dot.png"), "{feed}");
}

#[test]
fn several_diagrams_share_no_name() {
    let filled = "```dot alt=\"A\"\ndigraph { a [style=filled fillcolor=\"red:blue\"] }\n```\n";
    let (outputs, problems) =
        outputs(&format!("{filled}\n{filled}\n{}", filled.replace("dot alt", "dot id=\"own\" alt")));
    assert_eq!(problems, "");
    let page = text(&outputs, "posts/a/index.html");
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for id in ["dot", "dot-2", "own"] {
        assert!(ids.contains(&id) && page.contains(&format!("fill=\"url(#{id}-")), "{id} in {ids:?}");
        assert!(outputs.contains_key(&format!("posts/a/diagram-{id}.png")));
    }
    ids.sort_unstable();
    assert!(ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
}

#[test]
fn parts_of_a_diagram_lead_where_links_of_the_text_lead() {
    let (outputs, problems) = outputs(
        "```dot alt=\"A\"\ndigraph { a [URL=\"@/posts/2026-11-20-a/index.md\"]; b [URL=\"https://a.example/?x=1&y\"] }\n```\n",
    );
    assert_eq!(problems, "");
    let page = text(&outputs, "posts/a/index.html");
    assert!(page.contains("<a href=\"/blog/posts/a/\"><ellipse"), "{page}");
    assert!(
        page.contains("<a href=\"https://a.example/?x=1&amp;y\">") && page.contains("role=\"group\" aria-label=\"A\"")
    );
}

#[test]
fn a_wide_diagram_scrolls_and_a_post_without_one_is_as_before() {
    let row = "digraph { rankdir=LR; a -> b -> c -> d -> e -> f -> g -> h -> i -> j }";
    let (outputs, _) = outputs(&format!("```dot alt=\"Ten\"\n{row}\n```\n\n```gv\n{row}\n```\n"));
    let page = text(&outputs, "posts/a/index.html");
    let scrolls =
        "<div class=\"diagram-drawing\" tabindex=\"0\" role=\"group\" aria-label=\"Diagram\"><svg class=\"wide\"";
    assert!(page.contains(scrolls), "{page}");
    assert_eq!(page.matches("<figure class=\"diagram\"").count(), 1, "`gv` is code: {page}");
}

/// Runs the program in the site at `root`, without Graphviz where `path` is another one.
fn run(root: &Path, arguments: &[&str], path: Option<&Path>, threads: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    command.args(arguments).arg("--root").arg(root).env("RAYON_NUM_THREADS", threads);
    if arguments == ["build"] {
        command.args(["--clock", "2026-12-01T00:00:00Z"]);
    }
    path.map(|path| command.env("PATH", path));
    let output = command.output().expect("genblog runs");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat();
    (output.status.success(), said)
}

fn public(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = WalkDir::new(root.join("public")).into_iter().map(|entry| entry.expect("readable"));
    let files = files.filter(|entry| entry.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(root).expect("within").to_string_lossy().into_owned();
    files.map(|entry| (name(entry.path()), fs::read(entry.path()).expect("readable"))).collect()
}

#[test]
fn a_machine_without_graphviz_shows_text_or_what_the_site_holds() {
    let folder = sites::folder(&site_of(TWO));
    let root = folder.path();
    let nothing = root.join("nothing");
    let (fine, said) = run(root, &["build"], Some(&nothing), "2");
    assert!(fine && said.contains("warning[no-graphviz]"), "{said}");
    let page = || fs::read_to_string(root.join("public/posts/a/index.html")).expect("built");
    assert!(!page().contains("<svg viewBox=\"0.00") && page().contains("digraph"), "{}", page());
    assert!(!run(root, &["diagrams"], Some(&nothing), "2").0, "there is nobody to lay them out");

    // Where there is one, the page is made again.
    let (fine, said) = run(root, &["build"], None, "2");
    assert!(fine && !said.contains("warning"), "{said}");
    let with = public(root);
    assert!(page().contains("<figure class=\"diagram\""), "{}", page());

    // What is kept is the machine's own; what the site holds serves all.
    assert!(run(root, &["diagrams"], None, "2").1.contains("1 diagram in `diagrams/`: 1 laid out, 0 removed"));
    fs::remove_dir_all(root.join(".genblog")).expect("a machine that has built nothing");
    fs::remove_dir_all(root.join("public")).expect("there");
    let (fine, said) = run(root, &["build"], Some(&nothing), "1");
    assert!(fine && !said.contains("warning"), "{said}");
    assert!(public(root) == with, "the same files");
    assert!(run(root, &["build"], Some(&nothing), "1").1.contains(" 0 written"));

    // A drawing is of one text only.
    let post = root.join("content/posts/2026-11-20-a/index.md");
    fs::write(&post, fs::read_to_string(&post).expect("there").replace("one ->", "three ->")).expect("writable");
    assert!(run(root, &["build"], Some(&nothing), "2").1.contains("warning[no-graphviz]"));
    assert!(run(root, &["diagrams"], None, "2").1.contains("1 laid out, 1 removed"));
    assert!(!run(root, &["build"], Some(&nothing), "2").1.contains("warning"));
}

#[test]
fn a_drawing_that_the_site_holds_is_a_source() {
    let folder =
        sites::folder(&site_of("```dot alt=\"A\"\ndigraph { a [URL=\"/posts/a/\"]; b [URL=\"/about/\"] }\n```\n"));
    let root = folder.path();
    fs::create_dir_all(root.join("content/pages")).expect("writable");
    fs::write(root.join("content/pages/about.md"), "+++\ntitle = \"About\"\n+++\n").expect("writable");
    assert!(run(root, &["diagrams"], None, "2").0 && run(root, &["build"], None, "2").0);
    let drawing = fs::read_dir(root.join("diagrams")).expect("there").next().expect("one").expect("readable").path();

    // Where its parts lead is nothing that is drawn, and yet the page is another one.
    let svg = fs::read_to_string(&drawing).expect("text");
    let swapped = svg.replace("/posts/a/", "/x/").replace("/about/", "/posts/a/").replace("/x/", "/about/");
    fs::write(&drawing, swapped).expect("writable");
    let said = run(root, &["build", "--verify"], None, "2");
    assert!(said.0 && !said.1.contains(" 0 written"), "{}", said.1);

    let name = format!("diagrams/{}", drawing.file_name().expect("a file").to_str().expect("a hash"));
    let (fine, said) = run(root, &["explain", &name], None, "2");
    assert!(fine && said.contains("/posts/a/"), "{said}");
}

#[test]
fn threads_and_what_is_kept_change_no_byte() {
    let posts = (1..9).map(|n| {
        let text = format!("```dot alt=\"{n}\"\ngraph {{ layout=neato; a{n} -- b -- c -- a{n} }}\n```\n");
        format!("--- content/posts/2026-11-0{n}-p.md\n+++\ntitle = \"P{n}\"\nslug = \"p{n}\"\n+++\n{text}\n")
    });
    let folder = sites::folder(&posts.collect::<String>());
    let root = folder.path();
    let mut before = None;
    for threads in ["1", "2", "2"] {
        let (fine, said) = run(root, &["build"], None, threads);
        assert!(fine, "{said}");
        let files = public(root);
        assert!(before.is_none_or(|before| before == files), "{threads} threads");
        before = Some(files);
        fs::remove_dir_all(root.join("public")).expect("there");
    }
    assert!(run(root, &["build", "--verify", "--clock", "2026-12-01T00:00:00Z"], None, "2").0);
    let kept = fs::read_dir(root.join(".genblog/kept")).expect("kept").count();
    assert_eq!(kept, 8);
}

#[test]
fn an_edit_beside_a_diagram_keeps_it() {
    let folder = sites::folder(&site_of(&format!("Some words.\n\n{TWO}")));
    let root = folder.path();
    assert!(run(root, &["build"], None, "2").0);
    let post = root.join("content/posts/2026-11-20-a/index.md");
    fs::write(&post, fs::read_to_string(&post).expect("there").replace("Some words", "More words")).expect("writable");
    assert!(run(root, &["build"], None, "2").0);
    let page = fs::read_to_string(root.join("public/posts/a/index.html")).expect("built");
    assert!(page.contains("More words") && page.contains("<figure class=\"diagram\""), "{page}");
    assert!(root.join("public/posts/a/diagram-dot.png").exists());
}

#[test]
fn a_text_that_is_too_long_or_says_nothing_is_told() {
    let long = format!("```dot alt=\"A\"\ndigraph {{ {} }}\n```\n", "a -> b; ".repeat(9_000));
    for (text, said) in
        [(&*long, "at most 65536 bytes"), ("```dot\ndigraph { a }\n```\n", "does not say what is to be seen")]
    {
        let folder = sites::folder(&site_of(text));
        let (_, problems) = sites::site(folder.path());
        assert!(render(&problems, false).contains(said), "{}", render(&problems, false));
    }
}
