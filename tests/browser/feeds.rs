//! The page about feeds: a press copies an address, whoever presses and however.

use serde_json::json;

use crate::access::{axe, violations};
use crate::driver::{Browser, in_browser};

/// Puts a clipboard of the test's own into the page; `refuses` decides whether it takes anything.
async fn clipboard(browser: &Browser, refuses: bool) {
    let script = format!(
        "window.taken = [];
         const writeText = async (text) => {{ if ({refuses}) throw new Error('no'); window.taken.push(text) }};
         Object.defineProperty(navigator, 'clipboard', {{ configurable: true, value: {{ writeText }} }})"
    );
    browser.run(&script, &[]).await;
}

/// What the buttons are called by those who hear them.
const NAMES: &str = "return [...document.querySelectorAll('.addresses button')].map((one) => one.ariaLabel)";

/// What is said aloud.
const VOICE: &str = "return document.querySelector('[role=status]').textContent";

#[test]
fn an_address_is_copied_by_a_press() {
    in_browser(1280, 900, async |browser| {
        browser.visit("feed/").await;
        let names = ["RSS", "Atom", "JSON Feed"].map(|format| format!("Copy the address of {format}"));
        assert_eq!(browser.run(NAMES, &[]).await, json!(names));
        clipboard(browser, false).await;
        browser.click(".addresses button").await;
        browser.until("it says so", "return document.querySelector('[role=status]').textContent !== ''").await;
        assert_eq!(browser.run(VOICE, &[]).await, json!("The address of RSS is copied."));
        assert_eq!(browser.run(NAMES, &[]).await[0], json!("The address of RSS is copied."));
        let address = browser.run("return document.querySelector('.addresses a').textContent", &[]).await;
        assert_eq!(browser.run("return window.taken", &[]).await, json!([address]));
        // By the keyboard alone: the link, then its button.
        browser.run("document.querySelectorAll('.addresses a')[1].focus()", &[]).await;
        browser.press("\u{e004}").await;
        browser.press("\u{e007}").await;
        browser.until("the second is copied", "return window.taken.length === 2").await;
        assert!(browser.run("return window.taken[1]", &[]).await.as_str().is_some_and(|url| url.ends_with("atom.xml")));
    });
}

#[test]
fn where_nothing_may_be_copied_the_address_is_marked() {
    in_browser(1280, 900, async |browser| {
        browser.visit("feed/").await;
        clipboard(browser, true).await;
        browser.click(".addresses button").await;
        browser.until("it is marked", "return String(getSelection()).endsWith('feed.xml')").await;
        assert_eq!(browser.run(VOICE, &[]).await, json!("The address of RSS is marked, to be copied by hand."));
        browser.without_scripts().await;
        browser.visit("feed/").await;
        let html =
            "return [document.querySelectorAll('.addresses a').length, document.querySelectorAll('button').length]";
        assert_eq!(browser.run(html, &[]).await, json!([3, 0]));
    });
}

#[test]
fn axe_finds_nothing_wrong_with_the_page_about_feeds() {
    let axe = axe();
    in_browser(1280, 900, async |browser| {
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")] {
            browser.window(width, 900).await;
            browser.prefers("prefers-color-scheme", scheme).await;
            browser.visit("feed/").await;
            clipboard(browser, false).await;
            assert_eq!(violations(browser, &axe).await, json!([]), "{width} {scheme}");
            browser.click(".addresses button").await;
            browser.until("it is copied", "return window.taken.length === 1").await;
            assert_eq!(violations(browser, &axe).await, json!([]), "{width} {scheme}, copied");
            let small = "return [...document.querySelectorAll('.addresses :is(a, button)')]
                           .filter((one) => one.getBoundingClientRect().height < 44).length";
            assert_eq!(browser.run(small, &[]).await, json!(0), "{width}");
            browser.screenshot(&format!("feed-{width}-{scheme}")).await;
        }
    });
}
