//! The figures of this repository's own site in a real browser.

#![cfg(unix)]

mod driver;

use serde_json::json;
use sim::telling::catalogue;
use sim::telling::player::Player;

use crate::driver::{ARTICLE, Browser, in_browser};

const WAIT_FOR_LIFE: &str = "const all = [...document.querySelectorAll('sim-figure')];
                             return all.length > 0 && all.every(f => 'live' in f.dataset)";

/// Opens the article and waits until both figures live.
async fn open_article(browser: &Browser) {
    browser.visit(ARTICLE).await;
    awaken(browser).await;
}

async fn awaken(browser: &Browser) {
    browser.run("document.querySelectorAll('sim-figure').forEach(f => f.start())", &[]).await;
    browser.until("the figures live", WAIT_FOR_LIFE).await;
}

/// What a figure says about itself: step, last step and state.
async fn attributes(browser: &Browser, id: &str) -> (u32, u32, String) {
    let found = browser
        .run("const d = document.getElementById(a[0]).dataset; return [d.at, d.steps, d.state]", &[json!(id)])
        .await;
    let text = |index: usize| found[index].as_str().unwrap_or_default().to_owned();
    (text(0).parse().expect("a step"), text(1).parse().expect("a step"), text(2))
}

async fn sentence(browser: &Browser, id: &str) -> String {
    let script = "return document.querySelector(`#${a[0]} .sentence`).textContent";
    browser.run(script, &[json!(id)]).await.as_str().unwrap_or_default().to_owned()
}

fn player(state: &str) -> Player {
    Player::open(state).unwrap_or_else(|error| panic!("{state}: {error}"))
}

#[test]
fn the_static_picture_is_the_live_first_frame_byte_for_byte() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        let differing = browser
            .run(
                "const page = await (await fetch(location.href)).text();
                 const parts = (f, id) => [f.svg(false), f.svg(true), f.rows(), f.film('#' + id)];
                 const differing = [];
                 for (const { id, dataset } of document.querySelectorAll('sim-figure')) {
                   const { Figure } = await import(dataset.module);
                   const same = parts(Figure.open(dataset.start), id).every((part) => part && page.includes(part));
                   if (!same) differing.push(id);
                 }
                 return differing",
                &[],
            )
            .await;
        assert_eq!(differing, json!([]));
        let count = browser.run("return document.querySelectorAll('sim-figure').length", &[]).await;
        assert_eq!(count, json!(2));
    });
}

#[test]
fn the_page_does_not_move_when_figures_come_to_life() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        let shifts = browser
            .run(
                "let sum = 0;
                 const add = (list) => list.forEach((entry) => (sum += entry.value));
                 const observer = new PerformanceObserver((list) => add(list.getEntries()));
                 observer.observe({ type: 'layout-shift', buffered: true });
                 const settle = async () => {
                   for (let n = 0; n < 5; n++) await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
                   add(observer.takeRecords());
                   return sum;
                 };
                 const alive = await settle();
                 const block = document.createElement('div');
                 block.style.height = '300px';
                 document.querySelector('main').prepend(block);
                 return [alive, await settle()]",
                &[],
            )
            .await;
        assert_eq!(shifts[0].as_f64(), Some(0.0));
        assert!(shifts[1].as_f64() > Some(0.0), "a page that does move is seen to");
    });
}

/// Every preset with every setting of every knob, and runs with actions in them.
fn states() -> Vec<String> {
    let mut states = Vec::new();
    for &spec in catalogue() {
        for preset in 0..spec.presets.len() {
            states.push(Player::new(spec, preset).state());
            for (index, knob) in spec.knobs.iter().enumerate() {
                for option in knob.options {
                    let mut player = Player::new(spec, preset);
                    player.set_knob(index, option.value);
                    states.push(player.state());
                }
            }
            let mut player = Player::new(spec, preset);
            for turn in 0..300_usize {
                if turn % 7 == 6 {
                    player.seek(player.steps() / 2);
                }
                for offset in 0..spec.actions.len() {
                    let action = &spec.actions[(turn * 5 + offset) % spec.actions.len()];
                    if player.act(action.letter) {
                        break;
                    }
                }
                if turn % 10 == 0 {
                    states.push(player.state());
                }
            }
        }
    }
    states
}

#[test]
fn native_and_browser_runs_have_the_same_logs() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        let states = states();
        assert!(states.len() > 300, "{} states", states.len());
        let native: Vec<String> = states.iter().map(|state| format!("{:016x}", player(state).log_hash())).collect();
        let live = browser
            .run(
                "const modules = new Map();
                 for (const { dataset } of document.querySelectorAll('sim-figure'))
                   modules.set(dataset.figure, (await import(dataset.module)).Figure);
                 return a[0].map((state) => modules.get(state.split('=')[0])?.open(state)?.log_hash())",
                &[json!(states)],
            )
            .await;
        assert_eq!(live, json!(native));
    });
}

#[test]
fn figures_obey_the_mouse() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        for id in ["ring", "packet"] {
            let (at, steps, start) = attributes(browser, id).await;
            assert_eq!(at, 0);
            for step in 1..=3 {
                browser.click(&format!("#{id} [data-do=step]")).await;
                let (at, _, state) = attributes(browser, id).await;
                assert_eq!(at, step);
                assert_eq!(sentence(browser, id).await, player(&state).sentence());
            }
            browser.click(&format!("#{id} [data-do=back]")).await;
            assert_eq!(attributes(browser, id).await.0, 2);
            browser.click(&format!("#{id} [data-do=first]")).await;
            assert_eq!(attributes(browser, id).await.2, start);

            browser.run("document.querySelector(`#${a[0]} [data-speed]`).value = 4", &[json!(id)]).await;
            browser.click(&format!("#{id} [data-do=play]")).await;
            let played = format!("return document.getElementById('{id}').dataset.at === '{steps}'");
            browser.until("the run has been played", &played).await;

            browser.click(&format!("#{id} [data-do=reset]")).await;
            assert_eq!(attributes(browser, id).await.2, start);

            let slide = "const s = document.querySelector(`#${a[0]} [data-scrub]`); s.value = 4; \
                         s.dispatchEvent(new Event('input', { bubbles: true }))";
            browser.run(slide, &[json!(id)]).await;
            assert_eq!(attributes(browser, id).await.0, 4);
        }
    });
}

#[test]
fn figures_obey_the_keyboard() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        for id in ["ring", "packet"] {
            let (_, steps, start) = attributes(browser, id).await;
            let focus = "document.querySelector(`#${a[0]} [data-do=step]`).focus()";
            browser.run(focus, &[json!(id)]).await;
            for (key, expected) in
                [("\u{e014}", 1), ("\u{e014}", 2), ("\u{e012}", 1), ("\u{e010}", steps), ("\u{e011}", 0)]
            {
                browser.press(key).await;
                assert_eq!(attributes(browser, id).await.0, expected, "{id}: {key:?}");
            }
            // Enter presses the focused button, as everywhere.
            browser.press("\u{e007}").await;
            assert_eq!(attributes(browser, id).await.0, 1);
            browser.press("2").await;
            let (_, _, state) = attributes(browser, id).await;
            let spec = sim::telling::figure(id).expect("the figure's id is its name");
            assert_eq!(state, Player::new(spec, 1).state());
            browser.press("1").await;
            assert_eq!(attributes(browser, id).await.2, start);
        }
    });
}

#[test]
fn a_reader_can_act_and_go_back_to_the_old_run() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        let (_, steps, _) = attributes(browser, "ring").await;
        browser.click("#ring [data-do=step]").await;
        browser.click("#ring [data-act=p]").await;
        assert_eq!(attributes(browser, "ring").await, (2, 2, "ring=v1.one-request.i2-p.n2".to_owned()));
        browser.click("#ring [data-do=unfork]").await;
        assert_eq!(attributes(browser, "ring").await.1, steps);
    });
}

#[test]
fn a_link_restores_what_its_sender_saw() {
    in_browser(1280, 900, async |browser| {
        open_article(browser).await;
        browser.click("#ring [data-act=p]").await;
        browser.click("#ring [data-act=p]").await;
        browser.click("#ring [data-act=u]").await;
        let (_, _, state) = attributes(browser, "ring").await;
        browser
            .until("the address tells the state", "return location.hash.startsWith('#ring=v1.one-request.i1-ppu')")
            .await;
        let address = browser.run("return location.hash", &[]).await;
        let picture = "return document.querySelector('#ring svg.wide').outerHTML";
        let seen = browser.run(picture, &[]).await;

        browser.visit_afresh(&format!("{ARTICLE}{}", address.as_str().unwrap_or_default())).await;
        browser
            .until("the state is back", &format!("return document.getElementById('ring').dataset.state === '{state}'"))
            .await;
        assert_eq!(browser.run(picture, &[]).await, seen);

        // A frame of the film is a link as well.
        browser.click("#packet .figure-film li:nth-child(2) a").await;
        let frame = sim::telling::figure("packet").expect("a figure").presets[0].film[1].0;
        let there = format!("return document.getElementById('packet').dataset.at === '{frame}'");
        browser.until("the film's frame is shown", &there).await;

        // The film is that of the run that is shown.
        browser.press("2").await;
        let captions = "return [...document.querySelectorAll('#packet .figure-film span')].map((s) => s.textContent)";
        let expected: Vec<&str> =
            sim::telling::packet::FIGURE.presets[1].film.iter().map(|(_, caption)| *caption).collect();
        assert_eq!(browser.run(captions, &[]).await, json!(expected));
    });
}

/// What a reader without scripts sees of a figure: picture, sentence, film and text version; and no dead control.
const STANDS: &str = "const all = [...document.querySelectorAll('sim-figure')];
  return all.length > 0 && all.every((f) => {
    const seen = (s) => f.querySelector(s).checkVisibility();
    return [...f.querySelectorAll('.figure-picture > svg')].filter((p) => p.checkVisibility()).length === 1
      && seen('.sentence') && seen('.figure-film svg') && seen('.figure-text summary') && seen('figcaption')
      && !seen('.figure-tools') && f.querySelectorAll('.figure-rows tr').length > 5;
})";

#[test]
fn without_scripts_pictures_and_text_stand() {
    in_browser(1280, 900, async |browser| {
        browser.without_scripts().await;
        browser.visit(ARTICLE).await;
        assert_eq!(browser.run(STANDS, &[]).await, json!(true));
        let words = browser.run("return document.querySelector('main').innerText.split(/\\s+/).length", &[]).await;
        assert!(words.as_u64() > Some(1500), "{words} words");
        browser.screenshot("article-no-scripts").await;
    });
}

#[test]
fn without_the_module_pictures_and_text_stand() {
    in_browser(1280, 900, async |browser| {
        browser.block("*.wasm").await;
        browser.visit(ARTICLE).await;
        browser.run("document.querySelectorAll('sim-figure').forEach(f => f.start())", &[]).await;
        let failed = "const all = [...document.querySelectorAll('sim-figure')];
                      return all.length > 0 && all.every(f => 'failed' in f.dataset)";
        browser.until("the figures give up", failed).await;
        assert_eq!(browser.run(STANDS, &[]).await, json!(true));
    });
}

/// A browser keeps six connections to a server; the pages of `genblog serve` must not use them all up waiting for edits.
#[test]
fn more_tabs_than_connections_can_be_open() {
    in_browser(1280, 900, async |browser| {
        for _ in 0..8 {
            browser.new_tab().await;
            browser.visit("about/").await;
        }
    });
}

#[test]
fn pages_fit_every_width_and_both_schemes() {
    in_browser(1280, 900, async |browser| {
        for width in [320, 360, 1280] {
            browser.window(width, 900).await;
            for path in ["", ARTICLE, "archives/", "tags/", "gallery/", "gallery/portraits-of-a-ring/", "about/"] {
                browser.visit(path).await;
                let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
                assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{path} at {width}: {sizes}");
            }
        }
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")] {
            browser.prefers("prefers-color-scheme", scheme).await;
            for (name, path) in [("home", ""), ("article", ARTICLE), ("archives", "archives/"), ("gallery", "gallery/")]
            {
                browser.window(width, 900).await;
                browser.visit(path).await;
                if path == ARTICLE {
                    awaken(browser).await;
                }
                browser.screenshot(&format!("{name}-{width}-{scheme}")).await;
            }
        }
    });
}
