//! Edits while a page of `genblog serve` is open: the page becomes the new one, and what the reader has made of it stays.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tempfile::TempDir;

use crate::driver::{Browser, in_browser_with};
use crate::figures::{awaken, shown};

const POST: &str = "content/posts/edited.md";
const PAGE: &str = "posts/edited/";

fn put(site: &Path, path: &str, text: &str) {
    let file = site.join(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, text).expect("written");
}

fn site() -> TempDir {
    let site = tempfile::tempdir().expect("a folder for the site");
    put(site.path(), "genblog.toml", "base_url = \"https://example.org/\"\ntitle = \"Edits\"\n");
    put(site.path(), POST, &post("Edited", "Before.", "What to look at."));
    site
}

/// A long text with a figure in the middle.
fn post(title: &str, words: &str, caption: &str) -> String {
    let mut text = format!("+++\ntitle = \"{title}\"\ndate = 2026-11-20\n+++\n\n");
    for number in 0..20 {
        writeln!(text, "Paragraph {number} of those before.\n").expect("text grows");
    }
    writeln!(text, "```sim\nfigure = \"ring\"\ncaption = \"{caption}\"\n```\n\n{words}\n").expect("text grows");
    for number in 0..20 {
        writeln!(text, "Paragraph {number} of those after.\n").expect("text grows");
    }
    text
}

/// Opens a page, and waits until it follows edits. What is put into the window stays there until the page is loaded anew.
async fn open(browser: &Browser, path: &str) {
    browser.visit(path).await;
    browser.until("the page follows", "return 'site' in document.documentElement.dataset").await;
    browser.run("window.same = true", &[]).await;
}

async fn is_same_page(browser: &Browser) -> bool {
    browser.run("return window.same === true", &[]).await == json!(true)
}

async fn until_it_says(browser: &Browser, words: &str) {
    let says = format!("return document.body.innerText.includes({})", json!(words));
    browser.until(words, &says).await;
}

#[test]
fn an_edit_changes_the_page_in_place() {
    let site = site();
    let root = site.path();
    in_browser_with(root, 1280, 700, async |browser| {
        open(browser, PAGE).await;
        awaken(browser).await;
        browser
            .run("const f = document.querySelector('sim-figure'); f.scrollIntoView({ behavior: 'instant' })", &[])
            .await;
        browser.click("sim-figure [data-do=step]").await;
        browser.click("sim-figure [data-do=step]").await;
        let figure = shown(browser, "ring").await;
        assert!(figure.at > 0, "{figure:?}");
        let place = "return document.querySelector('sim-figure').getBoundingClientRect().top";
        let top = browser.run(place, &[]).await;

        put(root, POST, &post("Edited", "After, with *stress*.", "What to look at."));
        until_it_says(browser, "After, with stress.").await;
        put(root, POST, &post("Another title", "After.\n\n- one\n- another word", "What to look at."));
        until_it_says(browser, "another word").await;
        assert_eq!(browser.run("return document.title", &[]).await, json!("Another title · Edits"));
        assert_eq!(browser.run(place, &[]).await, top);
        assert_eq!(shown(browser, "ring").await, figure);

        // A style sheet takes the place of the old one when it is there.
        put(root, "templates/css/9-mine.css", "main p { outline-color: rgb(1, 2, 3) }");
        let styled = "const p = document.querySelector('main p');
                      return getComputedStyle(p).outlineColor === 'rgb(1, 2, 3)'
                        && document.querySelectorAll('link[rel=stylesheet]').length === 1";
        browser.until("the style is there", styled).await;

        put(root, POST, "+++\ntitle = \"<b>\"\ntags = 1\n+++\n");
        until_it_says(browser, "The site has errors").await;
        let told = browser.run("return document.querySelector('.genblog-problems pre').textContent", &[]).await;
        assert!(told.as_str().expect("text").contains("error[wrong-type]"), "{told}");
        until_it_says(browser, "After.").await;
        put(root, POST, &post("Edited", "Mended.", "What to look at."));
        until_it_says(browser, "Mended.").await;
        browser.until("nothing is told any more", "return !document.querySelector('.genblog-problems')").await;
        assert!(is_same_page(browser).await, "the page was loaded anew");
        assert_eq!(shown(browser, "ring").await, figure);
    });
}

/// A figure that is another one begins anew, in a page that is loaded anew; what it showed, and the others, come back.
#[test]
fn a_page_that_is_loaded_anew_shows_what_it_showed() {
    let site = site();
    let root = site.path();
    in_browser_with(root, 1280, 700, async |browser| {
        open(browser, PAGE).await;
        awaken(browser).await;
        browser.click("sim-figure [data-do=step]").await;
        let figure = shown(browser, "ring").await;
        let text = post("Edited", "Before.", "What to look at.");
        put(root, POST, &text.replace("figure = \"ring\"\n", "figure = \"ring\"\npreset = \"stops\"\n"));
        browser.until("the page is another", "return window.same !== true && document.readyState === 'complete'").await;
        let restored = format!("return document.querySelector('sim-figure').dataset.state === {}", json!(figure.state));
        browser.until("the figure is where it was", &restored).await;

        // A picture whose address stays is fetched by a page that is loaded anew.
        put(root, "static/mark.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>");
        put(root, POST, &post("Edited", "![mark](/mark.svg)", "What to look at."));
        let width = |of: u32| format!("return document.querySelector('img[src=\"/mark.svg\"]')?.naturalWidth === {of}");
        browser.until("the picture is there", &width(10)).await;
        put(root, "static/mark.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'/>");
        browser.until("the picture is another", &width(20)).await;
    });
}

/// A page shows every edit also when it was made after the page was sent and before it listened.
#[test]
fn an_edit_before_the_page_listens_is_shown() {
    let site = site();
    let root = site.path();
    let picture = |width| format!("<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='10'/>");
    put(root, "static/mark.svg", &picture(10));
    put(root, POST, &post("Edited", "![mark](/mark.svg)", "What to look at."));
    in_browser_with(root, 1280, 700, async |browser| {
        // One page at a time listens; as long as another seems to, nobody tells this one anything.
        browser.visit("mark.svg").await;
        let listen = "navigator.locks.request('genblog-events', () => new Promise((left) => (window.left = left)))";
        browser.run(listen, &[]).await;
        let listens = browser.tab().await;
        browser.new_tab().await;
        let shows = browser.tab().await;
        browser.visit(PAGE).await;
        let width = |of: u32| format!("return document.querySelector('img[src=\"/mark.svg\"]')?.naturalWidth === {of}");
        browser.until("the picture is there", &width(10)).await;
        put(root, "static/mark.svg", &picture(20));
        let sent = "return (await (await fetch('/mark.svg')).text()).includes(\"width='20'\")";
        browser.until("the picture that is sent is another", sent).await;
        browser.go_on_in(&listens).await;
        browser.run("window.left()", &[]).await;
        browser.go_on_in(&shows).await;
        browser.until("the picture is another", &width(20)).await;
    });
}

/// Where a script has put something of its own, a new text would be lost in what the reader does not see.
#[test]
fn a_text_that_a_script_has_replaced_is_loaded_anew() {
    let site = site();
    let root = site.path();
    in_browser_with(root, 1280, 700, async |browser| {
        for script in ["textContent = 'Scripted.'", "remove()", "className = 'mine'"] {
            put(root, POST, &post("Edited", "Before.", "What to look at."));
            open(browser, PAGE).await;
            until_it_says(browser, "Before.").await;
            let change =
                format!("[...document.querySelectorAll('main p')].find(p => p.textContent === 'Before.').{script}");
            browser.run(&change, &[]).await;
            put(root, POST, &post("Edited", "<p class=\"other\">After it.</p>", "What to look at."));
            until_it_says(browser, "After it.").await;
            put(root, POST, &post("Edited", "<p class=\"third\">At last.</p>", "What to look at."));
            until_it_says(browser, "At last.").await;
        }
    });
}

/// A piece of a text; pieces meet again, so that they move, come and go.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..6_u8).prop_map(|number| format!("Paragraph {number}.")),
        (0..6_u8, 0..6_u8).prop_map(|(a, b)| format!("Some *words {a}*, `code {b}` and [a link {b}](/).")),
        (0..4_u8).prop_map(|number| format!("## Part {number}\n\nIts text.")),
        (0..4_u8, 0..4_u8).prop_map(|(a, b)| format!("- item {a}\n- item {b}\n  1. below\n")),
        (0..4_u8).prop_map(|number| format!("| a | b |\n|---|---|\n| {number} | 2 |")),
        (0..3_u8).prop_map(|number| format!("<details><summary>More {number}</summary>Hidden.</details>")),
        any::<bool>().prop_map(|also| if also {
            "<noscript><p>No <b>scripts</b>.</p></noscript>".to_owned()
        } else {
            "> Said.".to_owned()
        }),
    ]
}

/// However a text changes, the page that was changed in place has the nodes of the one that is sent.
#[test]
fn a_page_changed_in_place_is_the_page_that_is_sent() {
    let site = site();
    let root = site.path();
    let text =
        |pieces: &[String]| format!("+++\ntitle = \"Edited\"\ndate = 2026-11-20\n+++\n\n{}\n", pieces.join("\n\n"));
    put(root, POST, &text(&[]));
    let mut runner = TestRunner::new(ProptestConfig::default());
    in_browser_with(root, 1280, 700, async |browser| {
        open(browser, PAGE).await;
        for round in 0..60 {
            let pieces = proptest::collection::vec(piece(), 0..8);
            let mut pieces = pieces.new_tree(&mut runner).expect("there is one").current();
            pieces.push(format!("Round {round}."));
            put(root, POST, &text(&pieces));
            let equal = "const text = await (await fetch(location.href)).text();
                         const sent = new DOMParser().parseFromString(text, 'text/html');
                         const live = document.documentElement.cloneNode(true);
                         delete live.dataset.site;
                         // Where scripts run <noscript> holds a text.
                         for (const none of live.querySelectorAll('noscript')) none.innerHTML = none.textContent;
                         return live.isEqualNode(sent.documentElement) && live.textContent.includes(a[0])";
            let round = format!("Round {round}.");
            let body = equal.replace("a[0]", &json!(round).to_string());
            browser.until(&round, &body).await;
        }
        assert!(is_same_page(browser).await, "the page was loaded anew");
    });
}
