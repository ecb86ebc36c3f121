//! Every theme by day and by night, and what readers choose: by keys, remembered, before anything is painted, and in other tabs.

use std::fs;

use serde_json::{Value, json};

use crate::access::{axe, violations, violations_of};
use crate::driver::{ARTICLE, Browser, in_browser, in_browser_at, in_browser_with};
use crate::figures::{awaken, choose};
use crate::host::{Habit, host, own_site, own_site_as_weblog};

const THEMES: [&str; 4] = ["default", "weblog", "book", "contrast"];

const PAGES: [&str; 8] =
    ["", ARTICLE, "archives/", "tags/", "gallery/", "gallery/portraits-of-a-ring/", "about/", "feed/"];

/// Goes to a page as a reader who has chosen before.
async fn visit_in(browser: &Browser, theme: &str, scheme: &str, path: &str) {
    let keep = "localStorage.genblog = JSON.stringify({ theme: a[0], scheme: a[1] })";
    browser.run(keep, &[json!(theme), json!(scheme)]).await;
    browser.visit(path).await;
}

async fn is_not_too_wide(browser: &Browser, place: &str) {
    let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
    assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{place}: {sizes}");
}

/// The first photograph's page.
async fn photograph(browser: &Browser) -> String {
    browser.visit("gallery/portraits-of-a-ring/").await;
    let path = browser.run("return document.querySelector('.photos a').pathname.slice(1)", &[]).await;
    path.as_str().expect("a path").to_owned()
}

async fn look_at(browser: &Browser, own: &str, pages: &[&str]) {
    let axe = axe();
    browser.visit("").await;
    for theme in THEMES {
        for &path in pages {
            let place = format!("{own} as {theme}: /{path}");
            browser.window(1280, 900).await;
            visit_in(browser, theme, "light", path).await;
            if path == ARTICLE {
                awaken(browser).await;
            }
            assert_eq!(violations(browser, &axe).await, json!([]), "{place} by day");
            let contrasts = match theme {
                "contrast" => &["color-contrast", "color-contrast-enhanced"][..],
                _ => &["color-contrast"][..],
            };
            if theme == "contrast" {
                assert_eq!(violations_of(browser, &axe, &contrasts[1..]).await, json!([]), "{place} by day");
            }
            // By night the colours are others, and nothing else is.
            choose(browser, ".switch [name=scheme]", "dark").await;
            let scheme = browser.run("return getComputedStyle(document.documentElement).colorScheme", &[]).await;
            assert_eq!(scheme, json!("dark"), "{place}");
            assert_eq!(violations_of(browser, &axe, contrasts).await, json!([]), "{place} by night");
            for width in [1280, 960, 320] {
                browser.window(width, 900).await;
                is_not_too_wide(browser, &format!("{place} at {width}")).await;
            }
        }
    }
}

#[test]
fn axe_finds_nothing_wrong_in_any_theme() {
    in_browser(1280, 900, async |browser| {
        let photograph = photograph(browser).await;
        let pages: Vec<&str> = PAGES.into_iter().chain([photograph.as_str()]).collect();
        look_at(browser, "default", &pages).await;
    });
}

/// A reader's choice changes the style alone: every theme's style fits the sidebar of the weblog, which is the same on all pages.
#[test]
fn styles_fit_the_html_of_the_weblog() {
    let site = host(own_site_as_weblog(), Habit::Proper);
    in_browser_at(site, 1280, 900, async |browser| look_at(browser, "weblog", &["", ARTICLE]).await);
}

/// Pictures for people to look at.
#[test]
fn every_theme_has_its_picture_taken() {
    for (own, site) in [("default", own_site()), ("weblog", own_site_as_weblog())] {
        in_browser_at(host(site, Habit::Proper), 1280, 900, async |browser| {
            browser.visit("").await;
            for theme in if own == "weblog" { &["weblog"][..] } else { &THEMES[..] } {
                for (width, scheme) in [(1280, "light"), (320, "dark")] {
                    for (name, path) in [("home", ""), ("article", ARTICLE)] {
                        browser.window(width, 900).await;
                        visit_in(browser, theme, scheme, path).await;
                        browser.screenshot(&format!("theme-{own}-{theme}-{name}-{width}-{scheme}")).await;
                    }
                }
            }
        });
    }
}

/// The page's paper is of this colour, as its style says it.
async fn is_of(browser: &Browser, colour: &str) {
    let paper = browser.run("return getComputedStyle(document.body).getPropertyValue('--paper')", &[]).await;
    assert_eq!(paper, json!(colour));
}

async fn chosen(browser: &Browser) -> Value {
    let menus = "return [...document.querySelectorAll('.switch select')].map((menu) => menu.value)";
    browser.run(menus, &[]).await
}

/// Whether a sheet of this theme is the only one of a theme that is in force.
async fn is_styled(browser: &Browser, theme: &str) {
    let names = format!(
        "const sheets = [...document.styleSheets].filter((sheet) => !sheet.disabled && /style[-.]/.test(sheet.href));
         const themes = document.querySelector('script[data-themes]').dataset.themes.split(' ').map((pair) => pair.split('='));
         const href = new Map(themes).get('{theme}');
         return sheets.length === 1 && sheets[0].href.endsWith(href)"
    );
    browser.until(&format!("the style is that of {theme}"), &names).await;
}

#[test]
fn a_reader_chooses_by_keys_and_is_remembered() {
    in_browser(1280, 900, async |browser| {
        browser.visit("").await;
        assert_eq!(chosen(browser).await, json!(["default", ""]));
        is_styled(browser, "default").await;
        browser.run("document.querySelector('.switch [name=theme]').focus()", &[]).await;
        browser.press("Web").await;
        is_styled(browser, "weblog").await;
        browser.press("\u{e004}").await;
        let focus = browser.run("return document.activeElement.name", &[]).await;
        assert_eq!(focus, json!("scheme"), "the next key leads to the other menu");
        browser.press("dark").await;
        let scheme = "return getComputedStyle(document.documentElement).colorScheme";
        assert_eq!(browser.run(scheme, &[]).await, json!("dark"));

        browser.reload().await;
        is_styled(browser, "weblog").await;
        browser.visit(ARTICLE).await;
        is_styled(browser, "weblog").await;
        assert_eq!(chosen(browser).await, json!(["weblog", "dark"]));
        assert_eq!(browser.run(scheme, &[]).await, json!("dark"));

        // Another tab follows, and so does this one.
        let here = browser.tab().await;
        browser.new_tab().await;
        browser.visit("about/").await;
        is_styled(browser, "weblog").await;
        browser.run("document.querySelector('.switch [name=theme]').focus()", &[]).await;
        browser.press("Def").await;
        is_styled(browser, "default").await;
        browser.go_on_in(&here).await;
        is_styled(browser, "default").await;
        assert_eq!(chosen(browser).await, json!(["default", "dark"]));

        // What is on paper is light whatever was chosen.
        browser.on_paper(true).await;
        is_of(browser, "white").await;
        assert_eq!(browser.run(scheme, &[]).await, json!("light"));
        browser.on_paper(false).await;
    });
}

#[test]
fn nothing_flashes() {
    in_browser(1280, 900, async |browser| {
        browser.visit("").await;
        // Looks at the background in every frame from the first one with a body on, and before scripts have the whole page.
        let watch = "window.seen = [];
                     const look = () => {
                       if (document.body) seen.push(getComputedStyle(document.documentElement).backgroundColor);
                     };
                     const frames = () => (look(), document.readyState === 'complete' || requestAnimationFrame(frames));
                     requestAnimationFrame(frames);
                     addEventListener('DOMContentLoaded', look, { capture: true, once: true });";
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
        for (theme, scheme, background) in [
            ("default", "dark", "rgb(20, 24, 27)"),
            ("weblog", "light", "rgb(201, 214, 226)"),
            ("weblog", "dark", "rgb(14, 17, 20)"),
            ("contrast", "dark", "rgb(0, 0, 0)"),
            ("book", "light", "rgb(252, 248, 239)"),
        ] {
            visit_in(browser, theme, scheme, ARTICLE).await;
            let seen = browser.run("return [...new Set(window.seen)]", &[]).await;
            assert_eq!(seen, json!([background]), "{theme} {scheme}");
        }
    });
}

#[test]
fn without_scripts_there_is_nothing_to_choose() {
    in_browser(1280, 900, async |browser| {
        browser.visit("").await;
        browser.run("localStorage.genblog = JSON.stringify({ theme: 'contrast' })", &[]).await;
        browser.block("*/assets/reader.*").await;
        browser.visit("about/").await;
        let switch = "return document.querySelector('.switch').checkVisibility()";
        assert_eq!(browser.run(switch, &[]).await, json!(false));
        is_of(browser, "light-dark(#fbfaf7, #14181b)").await;
    });
}

/// A post with a session, a titled file with numbers and marks, and code without a language.
const CODE: &str = "+++
title = \"Code\"
date = 2026-11-20T09:30:00
+++

```console
$ xm list
Name  ID
# reboot
```

```rust title=\"ring.rs\" lines=10 mark=\"11\"
fn main() {
    ring();
}
```

    plain
";

#[test]
fn code_is_copied_without_its_prompts() {
    let folder = tempfile::tempdir().expect("a folder for the site");
    fs::create_dir_all(folder.path().join("content/posts")).expect("a folder");
    let config = "base_url = \"https://example.org/\"\ntitle = \"Code\"\ntimezone = \"UTC\"\n";
    fs::write(folder.path().join("genblog.toml"), config).expect("writable");
    fs::write(folder.path().join("content/posts/code.md"), CODE).expect("writable");
    in_browser_with(folder.path(), 1280, 900, async |browser| {
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.devtools("Browser.grantPermissions", permissions).await;
        browser.visit("posts/code/").await;
        let texts = ["xm list\nName  ID\nreboot", "fn main() {\n    ring();\n}", "plain"];
        let buttons = browser.run("return document.querySelectorAll('button.copy').length", &[]).await;
        assert_eq!(buttons, json!(texts.len()));
        assert_eq!(browser.run("return document.querySelector('.switch')", &[]).await, Value::Null);
        for (index, text) in texts.iter().enumerate() {
            let it = format!("const button = document.querySelectorAll('.copy')[{index}];");
            let size = "const { width, height } = button.getBoundingClientRect(); return Math.min(width, height) >= 24";
            assert_eq!(browser.run(&format!("{it} {size}"), &[]).await, json!(true), "{index}");
            let focused = "button.focus(); return getComputedStyle(button).opacity";
            assert_eq!(browser.run(&format!("{it} {focused}"), &[]).await, json!("1"), "{index}");
            browser.press(" ").await;
            browser.until("it says so", &format!("{it} return button.textContent !== 'Copy'")).await;
            let voice = browser.run(&format!("{it} return button.nextSibling.textContent"), &[]).await;
            assert_eq!(voice, json!("Copied"), "{index}");
            let copied = browser.run("return navigator.clipboard.readText()", &[]).await;
            assert_eq!(copied, json!(text), "{index}");
        }
        assert_eq!(violations(browser, &axe()).await, json!([]));
        browser.window(320, 900).await;
        is_not_too_wide(browser, "code at 320").await;
        browser.screenshot("theme-code-320").await;
    });
}

#[test]
fn colours_of_the_system_leave_the_switch_visible() {
    in_browser(1280, 900, async |browser| {
        browser.prefer(&[("forced-colors", "active"), ("prefers-color-scheme", "dark")]).await;
        browser.visit("").await;
        for theme in THEMES {
            visit_in(browser, theme, "", ARTICLE).await;
            let seen = "const menu = document.querySelector('.switch select');
                        const { color, backgroundColor } = getComputedStyle(menu);
                        return menu.checkVisibility() && color !== backgroundColor";
            assert_eq!(browser.run(seen, &[]).await, json!(true), "{theme}");
        }
    });
}
