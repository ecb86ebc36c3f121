//! What the tests of all figures share: pages with one figure each, and what a figure says about itself.

use serde_json::json;
use sim::telling::catalogue;
use sim::telling::player::Player;
use sim::telling::story::FigureSpec;

use crate::driver::{Browser, in_browser_at};
use crate::host::{Habit, every_figure, host};

/// What a figure says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) at: u32,
    pub(crate) steps: u32,
    pub(crate) state: String,
}

/// Runs a test for every figure that lives, each in a page of its own.
pub(crate) fn for_every_figure(width: u32, height: u32, test: impl AsyncFn(&Browser, &'static FigureSpec)) {
    for_figures(catalogue().iter().copied(), width, height, test);
}

/// The same for some of them.
#[expect(clippy::needless_pass_by_value, reason = "a closure at the call is easier to read than a reference to one")]
pub(crate) fn for_figures(
    figures: impl Iterator<Item = &'static FigureSpec>,
    width: u32,
    height: u32,
    test: impl AsyncFn(&Browser, &'static FigureSpec),
) {
    in_browser_at(host(every_figure(), Habit::Proper), width, height, async |browser| {
        for spec in figures {
            browser.visit(&page(spec)).await;
            awaken(browser).await;
            test(browser, spec).await;
        }
    });
}

/// Where the figure's page is.
pub(crate) fn page(spec: &FigureSpec) -> String {
    format!("posts/{}/", spec.name)
}

/// Brings the figures of a page to life without waiting for them to be near.
pub(crate) async fn awaken(browser: &Browser) {
    let start = "const all = [...document.querySelectorAll('sim-figure')];
                 await Promise.all(all.map((figure) => figure.start()));
                 return all.length > 0 && all.every((figure) => 'live' in figure.dataset)";
    assert_eq!(browser.run(start, &[]).await, json!(true), "the figures live");
}

/// Step, last step and state of the figure with this id.
pub(crate) async fn shown(browser: &Browser, id: &str) -> Shown {
    let found = browser
        .run("const d = document.getElementById(a[0]).dataset; return [d.at, d.steps, d.state]", &[json!(id)])
        .await;
    let text = |index: usize| found[index].as_str().unwrap_or_default().to_owned();
    let number = |index: usize| text(index).parse().expect("a step");
    Shown { at: number(0), steps: number(1), state: text(2) }
}

/// The text of what a selector finds first.
pub(crate) async fn text(browser: &Browser, selector: &str) -> String {
    let found = browser.run("return document.querySelector(a[0]).textContent", &[json!(selector)]).await;
    found.as_str().unwrap_or_default().to_owned()
}

/// How many elements a selector finds.
pub(crate) async fn count(browser: &Browser, selector: &str) -> u64 {
    let found = browser.run("return document.querySelectorAll(a[0]).length", &[json!(selector)]).await;
    found.as_u64().unwrap_or_default()
}

/// The native player at a state.
pub(crate) fn player(state: &str) -> Player {
    Player::open(state).unwrap_or_else(|error| panic!("{state}: {error}"))
}

/// Declines to guess, where something is asked.
pub(crate) async fn skip_question(browser: &Browser) {
    if count(browser, ".figure-guess:not([hidden])").await > 0 {
        browser.click("[data-do=skip]").await;
    }
}

/// Gives the focus to what a selector finds.
pub(crate) async fn focus(browser: &Browser, selector: &str) {
    browser.run("document.querySelector(a[0]).focus()", &[json!(selector)]).await;
}

/// Chooses an option of a menu as a reader does: the value changes, and the page is told.
pub(crate) async fn choose(browser: &Browser, selector: &str, value: &str) {
    let script = "const menu = document.querySelector(a[0]);
                  menu.value = a[1];
                  menu.dispatchEvent(new Event('change', { bubbles: true }))";
    browser.run(script, &[json!(selector), json!(value)]).await;
}
