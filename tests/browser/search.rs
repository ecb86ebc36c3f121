//! The search page: what is typed is found, by whole words, beginnings and mistyped ones, by keys alone, and not without scripts.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use genblog::rendering::search::words_of;
use serde_json::json;
use tempfile::TempDir;

use crate::access::{axe, violations};
use crate::driver::{Browser, in_browser, in_browser_with};

/// A site of many pages, so that its index has many files. Each post has a word of its own, and words that others have.
fn site() -> &'static Path {
    static SITE: OnceLock<TempDir> = OnceLock::new();
    let folder = SITE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for the site");
        let posts = folder.path().join("content/posts");
        fs::create_dir_all(&posts).expect("a folder for posts");
        let config = "base_url = \"https://example.org/blog/\"\ntitle = \"Notes\"\nsearch = true\n";
        fs::write(folder.path().join("genblog.toml"), config).expect("the configuration is written");
        for n in 0..200 {
            let rare: String = (0..40).map(|k| format!("word{}x{k} ", n * 7919 % 10_007)).collect();
            let text = format!("+++\ntitle = \"Post number{n}\"\ndate = 2026-01-01T00:{:02}:{:02}\n+++\nCommon words. {rare}\n", n / 60, n % 60);
            fs::write(posts.join(format!("p{n}.md")), text).expect("a post is written");
        }
        let text = "+++\ntitle = \"Grüße aus Tōkyō\"\ndate = 2026-02-01\ntags = [\"Reise\"]\n+++\nCommon 仮想化 and netif_page_release, `x < y`.\n\n```c\nint hidden_counter;\n```\n";
        fs::write(posts.join("trip.md"), text).expect("a post is written");
        folder
    });
    folder.path()
}

/// The titles that are listed for a question, once the answer is there.
async fn found(browser: &Browser, question: &str) -> Vec<String> {
    let ask = "const field = document.querySelector('.search input');
               document.querySelector('[role=status]').textContent = '';
               field.value = arguments[0];
               field.dispatchEvent(new Event('input'))";
    browser.run(ask, &[json!(question)]).await;
    browser
        .until(&format!("{question} is answered"), "return document.querySelector('[role=status]').textContent !== ''")
        .await;
    let titles =
        browser.run("return [...document.querySelectorAll('.search li a')].map((link) => link.textContent)", &[]).await;
    serde_json::from_value(titles).expect("texts")
}

const VOICE: &str = "return document.querySelector('[role=status]').textContent";

#[test]
fn words_their_beginnings_and_mistyped_ones_are_found() {
    in_browser_with(site(), 1280, 900, async |browser| {
        browser.visit("search/").await;
        let trip = ["Grüße aus Tōkyō"];
        for question in
            ["netif_page_release", "gruße", "Grüße", "tokyo", "仮想", "仮想化", "reise", "hidden_cou", "releas"]
        {
            assert_eq!(found(browser, question).await, trip, "{question}");
        }
        assert_eq!(found(browser, "netif nothinglikeit").await, trip, "one of two words");
        // Rare words are each in a file of their own, the second letter on may be wrong, and so may the first.
        assert_eq!(found(browser, "number137").await, ["Post number137"]);
        assert_eq!(found(browser, "netif_page_relaese").await, trip);
        assert_eq!(found(browser, "rokyo").await, trip);
        assert!(browser.run(VOICE, &[]).await.as_str().is_some_and(|voice| voice.contains("“tokyo”")));
        assert_eq!(found(browser, "nothinglikeit").await, Vec::<String>::new());
        assert_eq!(browser.run(VOICE, &[]).await, json!("Nothing has these words."));
        // All pages have it; the newest come first, and the list ends somewhere.
        let common = found(browser, "common ").await;
        assert_eq!((common.len(), &*common[0], &*common[1]), (20, trip[0], "Post number199"));
        assert_eq!(browser.run(VOICE, &[]).await, json!("201 pages. Here are the best 20."));
        // A title says more than a text.
        assert_eq!(found(browser, "number1").await[0], "Post number1");
        // The question stands in the address, and the address asks it.
        browser.reload().await;
        browser.until("it is asked again", "return document.querySelectorAll('.search li').length === 20").await;
    });
}

#[test]
fn a_question_loads_a_few_files() {
    in_browser_with(site(), 1280, 900, async |browser| {
        browser.visit("search/").await;
        let loads = r"return performance.getEntriesByType('resource').map((one) => one.name).filter((name) => /\/search\/./.test(name))";
        assert_eq!(browser.run(loads, &[]).await, json!([]), "nothing before the first question");
        found(browser, "number137").await;
        let loaded = browser.run(loads, &[]).await;
        let names: Vec<&str> = loaded.as_array().expect("a list").iter().filter_map(|name| name.as_str()).collect();
        let count = |part: &str| names.iter().filter(|name| name.contains(part)).count();
        assert_eq!((count("index.json"), count("/page/"), count("near")), (1, 1, 0), "{names:?}");
        assert!((1..=3).contains(&count("/word/")), "{names:?}");
    });
}

#[test]
fn the_page_takes_words_apart_as_the_index_does() {
    let texts = ["__init__ 仮xen", "ΣΊΣΥΦΟΣ Σ İstanbul ǅ ﬁ ½ ²", "it's e.g. 3.14 Donau\u{ad}dampf"].map(str::to_owned);
    let letters: Vec<String> = (1..0x3_0000_u32).filter_map(char::from_u32).map(|c| format!("a{c} {c}B")).collect();
    in_browser_with(site(), 1280, 900, async |browser| {
        browser.visit("search/").await;
        // The page's script gives nothing away, so the part of it that takes words apart is run by itself.
        let script = include_str!("../../templates/search.js");
        let from = script.find("const SIGN").expect("where that begins");
        let to = script.find("/** How many").expect("where it ends");
        let take = format!("{} return arguments[0].map(words)", &script[from..to]);
        let taken = browser.run(&take, &[json!(texts)]).await;
        assert_eq!(taken, json!(texts.iter().map(|text| words_of(text)).collect::<Vec<_>>()));
        let mut others = Vec::new();
        for letters in letters.chunks(20_000) {
            let taken = browser.run(&take, &[json!(letters)]).await;
            let pairs = letters.iter().zip(taken.as_array().expect("a list"));
            others.extend(pairs.filter(|(text, taken)| **taken != json!(words_of(text))).map(|(text, _)| text.clone()));
        }
        // Browser and compiler know the letters of different years.
        assert!(others.len() < 700, "{}: {others:?}", others.len());
    });
}

#[test]
fn search_obeys_the_keyboard_and_says_so_without_scripts() {
    let axe = axe();
    in_browser(1280, 900, async |browser| {
        browser.visit("search/").await;
        let active = "return document.activeElement.tagName + ' ' + document.activeElement.textContent";
        browser.until("the field has the focus", "return document.activeElement.id === 'q'").await;
        browser.press("foreign").await;
        browser.until("something is found", "return document.querySelectorAll('.search li').length > 1").await;
        let second = browser.run("return document.querySelectorAll('.search li a')[1].textContent", &[]).await;
        browser.press("\u{e015}\u{e015}").await;
        assert_eq!(browser.run(active, &[]).await, json!(format!("A {}", second.as_str().expect("a title"))));
        browser.press("\u{e013}\u{e013}\u{e013}").await;
        assert_eq!(browser.run("return document.activeElement.id", &[]).await, json!("q"));
        browser.press("\u{e015}\u{e00c}").await;
        assert_eq!(browser.run("return document.activeElement.id", &[]).await, json!("q"));
        for (width, scheme) in [(1280, "light"), (360, "dark")] {
            browser.window(width, 900).await;
            browser.prefers("prefers-color-scheme", scheme).await;
            assert_eq!(violations(browser, &axe).await, json!([]), "{width} {scheme}");
            browser.screenshot(&format!("search-{width}-{scheme}")).await;
        }
        browser.press("\u{e015}\u{e007}").await;
        browser
            .until(
                "the post is shown",
                "return !location.pathname.includes('search') && document.querySelector('article') !== null",
            )
            .await;
        browser.without_scripts().await;
        browser.visit("search/").await;
        let shown = "return [document.querySelector('.search input').disabled, document.querySelector('noscript').innerText.includes('archives')]";
        assert_eq!(browser.run(shown, &[]).await, json!([true, true]));
    });
}

/// What scripts say is in the language of the page, and an author's own phrases are, whatever characters they have.
#[test]
fn scripts_speak_the_language_of_the_site() {
    let folder = tempfile::tempdir().expect("a folder for the site");
    let posts = folder.path().join("content/posts");
    fs::create_dir_all(&posts).expect("a folder for posts");
    let config = "base_url = \"https://example.org/\"\ntitle = \"Notizen\"\nlanguage = \"de\"\nsearch = true\n\
                  [phrases]\ncopy = \"<b>Kopie | & 'so'\"\nsearch_nothing = 'Nichts \"<i>\" &.'\n";
    fs::write(folder.path().join("genblog.toml"), config).expect("the configuration is written");
    for n in 1..3 {
        let text = format!(
            "+++\ntitle = \"Beitrag {n}\"\ndate = 2026-01-0{n}\n+++\nGemeinsam, allein{n}.\n\n```c\nint x;\n```\n"
        );
        fs::write(posts.join(format!("p{n}.md")), text).expect("a post is written");
    }
    in_browser_with(folder.path(), 1280, 900, async |browser| {
        browser.visit("search/").await;
        for (question, titles, said) in [
            ("gemeinsam", 2, "2 Seiten."),
            ("allein1", 1, "1 Seite."),
            ("gemeinsam allein2 nirgends", 2, "2 Seiten mit einigen der Wörter."),
            ("nirgends", 0, "Nichts \"<i>\" &."),
        ] {
            assert_eq!(found(browser, question).await.len(), titles, "{question}");
            assert_eq!(browser.run(VOICE, &[]).await, json!(said), "{question}");
        }
        browser.visit("feed/").await;
        let button = "const { ariaLabel, textContent } = document.querySelector('.addresses button');
                      return [ariaLabel, textContent]";
        assert_eq!(browser.run(button, &[]).await, json!(["Die Adresse von RSS kopieren", "<b>Kopie | & 'so'"]));
        browser.visit("posts/p1/").await;
        let button = "return document.querySelector('.copyable .copy').innerText";
        assert_eq!(browser.run(button, &[]).await, json!("<b>Kopie | & 'so'"));
    });
}
