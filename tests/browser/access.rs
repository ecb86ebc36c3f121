//! Who reads with other means: axe-core has nothing to say in any state visited, one voice speaks at most once a step,
//! and what nobody sees costs nothing.

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::figures::{choose, focus, for_every_figure, shown, skip_question};

/// axe-core, which `make setup` puts there.
pub(crate) fn axe() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/node/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}: `make setup` puts axe-core there"))
}

/// What axe-core finds wrong with the page as it is now.
pub(crate) async fn violations(browser: &Browser, axe: &str) -> Value {
    violations_of(browser, axe, &[]).await
}

/// The same by these rules of axe-core; by all of its usual ones when there are none. What is said of colours alone is soon said.
pub(crate) async fn violations_of(browser: &Browser, axe: &str, rules: &[&str]) -> Value {
    if browser.run("return 'axe' in window", &[]).await == json!(false) {
        // Pages to come have it from their beginning, which costs less than sending it to each.
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": axe })).await;
        browser.run(&format!("{axe}; window.axe = axe"), &[]).await;
    }
    let run = "const only = a[0].length > 0 ? { runOnly: a[0] } : {};
               const { violations } = await axe.run(document, { resultTypes: ['violations'], ...only });
               return violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html.slice(0, 200)).slice(0, 3)])";
    browser.run(run, &[json!(rules)]).await
}

#[test]
fn axe_finds_nothing_wrong() {
    let axe = axe();
    for_every_figure(1280, 900, async |browser, spec| {
        // By night the colours are others, and nothing else is.
        let check = async |place: &str| {
            for (scheme, rules) in [("light", &[][..]), ("dark", &["color-contrast"][..])] {
                browser.prefers("prefers-color-scheme", scheme).await;
                let found = violations_of(browser, &axe, rules).await;
                assert_eq!(found, json!([]), "{} {scheme}: {place}", spec.name);
            }
        };
        check("at the start").await;
        browser.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))", &[]).await;
        browser.click("[data-do=step]").await;
        let acts = "const act = document.querySelector('[data-act]:not([aria-disabled=true])'); act?.click()";
        browser.run(acts, &[]).await;
        check("with all folds open and, where one can act, a fork").await;
        choose(browser, "[data-with]", "1").await;
        check("two runs").await;
        browser.window(320, 800).await;
        check("two runs on a phone").await;
        let moved =
            "document.querySelectorAll('[data-by=\"1\"]:not([aria-disabled=true])').forEach((one) => one.click());
                     const field = document.querySelector('[data-frames]');
                     if (field) field.value = 'nowhere';
                     field?.dispatchEvent(new Event('change', { bubbles: true }))";
        browser.run(moved, &[]).await;
        check("what has an order in another one, and a number that is none").await;
        browser.window(1280, 900).await;
    });
}

#[test]
fn one_voice_speaks_once_a_step() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let watch = "const voices = document.querySelectorAll('sim-figure [aria-live], sim-figure [role=status], sim-figure [role=alert]');
                     window.spoken = [];
                     for (const voice of voices) new MutationObserver(() => {
                       if (voice.ariaLive === 'polite') window.spoken.push(voice.textContent);
                     }).observe(voice, { childList: true, characterData: true, subtree: true });
                     return voices.length";
        assert_eq!(browser.run(watch, &[]).await, json!(1), "{id}: one voice");
        focus(browser, "figure").await;
        for _ in 0..3 {
            browser.press("\u{e014}").await;
        }
        let most = shown(browser, id).await.steps.min(3);
        let spoken = browser.run("return window.spoken.splice(0).length", &[]).await;
        assert!(spoken.as_u64() <= Some(u64::from(most)), "{id}: {spoken} times for {most} steps");
        skip_question(browser).await;
        browser.press("\u{e011}").await;
        choose(browser, "[data-speed]", "4").await;
        focus(browser, "figure").await;
        browser.run("window.spoken.splice(0)", &[]).await;
        browser.press(" ").await;
        browser
            .until("a step is played", &format!("return Number(document.getElementById('{id}').dataset.at) > 0"))
            .await;
        let aloud = "return document.querySelector('[data-playing]') ? window.spoken.length : 0";
        assert_eq!(browser.run(aloud, &[]).await, json!(0), "{id}: silent while it plays");
    });
}

/// What the page does by itself: animation frames and timers that the shell asks for, and running animations.
const COUNT: &str = "window.asked = 0;
  for (const name of ['requestAnimationFrame', 'setTimeout', 'setInterval', 'requestIdleCallback']) {
    const real = window[name];
    window[`real_${name}`] = real.bind(window);
    window[name] = (...rest) => (window.asked++, real.apply(window, rest));
  }";

#[test]
fn what_nobody_sees_costs_nothing() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        skip_question(browser).await;
        browser.run(COUNT, &[]).await;
        browser.click("[data-do=play]").await;
        assert_eq!(
            browser.run("return 'playing' in document.querySelector('sim-figure').dataset", &[]).await,
            json!(true)
        );
        let away = "const far = document.createElement('div');
                    far.style.height = '5000px';
                    document.querySelector('main').append(far);
                    scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })";
        browser.run(away, &[]).await;
        browser.until("it pauses out of sight", "return !document.querySelector('[data-playing]')").await;
        // The address is told once, when the figure rests; after that nothing is asked for.
        browser.until("the address is told", &format!("return location.hash.startsWith('#{id}=')")).await;
        let idle = "const frame = () => new Promise((next) => window.real_requestAnimationFrame(next));
                    while (document.getAnimations().length) await frame();
                    const before = window.asked;
                    for (let n = 0; n < 60; n++) await frame();
                    return window.asked - before";
        assert_eq!(browser.run(idle, &[]).await, json!(0), "{id}");
    });
}

#[test]
fn without_motion_nothing_moves_and_everything_is_told() {
    for_every_figure(1280, 900, async |browser, spec| {
        browser.prefers("prefers-reduced-motion", "reduce").await;
        for _ in 0..3 {
            browser.click("[data-do=step]").await;
            let moving = browser.run("return document.getAnimations().length", &[]).await;
            assert_eq!(moving, json!(0), "{}", spec.name);
        }
        let shown = shown(browser, spec.name).await;
        assert_eq!(crate::figures::text(browser, ".sentence").await, crate::figures::player(&shown.state).sentence());
    });
}
