//! Random walks: whatever a reader does, the page shows what the native engine says of the same state.

use serde_json::json;
use sim::telling::story::Layout;
use sim::words::rng::Rng;

use crate::controls::same_picture;
use crate::figures::{for_every_figure, player, shown, text};

/// Things done in all, for each figure.
const DOINGS: usize = 300;
/// Things done between two looks.
const STRIDE: usize = 25;

/// Does what each number stands for: a key, a press of one of the controls, or a choice in one of the menus. Files are
/// not saved, and no page is left.
const DO: &str = "const figure = document.querySelector('sim-figure');
  const keys = ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'Home', 'End', ' ', '[', ']', '1', '2', '3', '4', '5'];
  for (const number of a[0]) {
    const rest = Math.floor(number / 4);
    const controls = [...figure.querySelectorAll('button, select, input, summary, [data-n]:not(tr), [data-turn], .figure-film a')]
      .filter((one) => !one.closest('.exports') && one.checkVisibility() && !one.disabled);
    const one = controls[rest % controls.length];
    if (number % 4 === 0) {
      const target = figure.contains(document.activeElement) ? document.activeElement : figure.querySelector('figure');
      target.dispatchEvent(new KeyboardEvent('keydown', { key: keys[rest % keys.length], bubbles: true, cancelable: true }));
    } else if (one.matches('select')) {
      one.selectedIndex = Math.floor(rest / 64) % one.options.length;
      one.dispatchEvent(new Event('change', { bubbles: true }));
    } else if (one.matches('[type=range]')) {
      one.value = Math.floor(rest / 64) % (Number(one.max) + 1);
      one.dispatchEvent(new Event('input', { bubbles: true }));
      one.dispatchEvent(new Event('change', { bubbles: true }));
    } else if (one.matches('[type=number]')) {
      one.value = Math.floor(rest / 64) % (Number(one.max) + 1);
      if (one.dataset.most) one.dispatchEvent(new Event('change', { bubbles: true }));
    } else if (one.matches('[type=text]')) {
      one.value = Math.floor(rest / 64) % 40;
      one.dispatchEvent(new Event('change', { bubbles: true }));
    } else {
      one.focus();
      one.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
    }
    // A link to a frame is followed after the event.
    await new Promise((next) => setTimeout(next));
    window.visited.add(figure.dataset.state);
  }
  figure.pause();
  await new Promise((next) => setTimeout(next));";

#[test]
fn wherever_a_reader_wanders_the_page_shows_what_the_engine_says() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let mut random = Rng::new(2008);
        browser.run("window.problems = []; window.visited = new Set(); window.addEventListener('error', (event) => window.problems.push(event.message))", &[]).await;
        for turn in 0..DOINGS / STRIDE {
            let numbers: Vec<u32> = (0..STRIDE).map(|_| random.next_u32() >> 1).collect();
            browser.run(DO, &[json!(numbers)]).await;
            let state = shown(browser, id).await.state;
            assert_eq!(browser.run("return window.problems", &[]).await, json!([]), "{id}, turn {turn}: {state}");
            let native = player(state.split('&').next().expect("a state"));
            let place = format!("{id}, turn {turn}: {state}");
            let svg = native.page_svg(Layout::Wide);
            assert!(same_picture(browser, ".figure-picture svg.wide", &svg).await, "{place}");
            assert_eq!(text(browser, ".sentence").await, native.sentence(), "{place}");
            if let Some((_, other)) = state.split_once("&with=") {
                let svg = player(&format!("{id}={other}")).page_svg(Layout::Wide);
                assert!(same_picture(browser, ".figure-beside svg.wide", &svg).await, "{place}");
            }
            let rows = browser.run("return document.querySelectorAll('.figure-rows tbody tr').length", &[]).await;
            assert_eq!(rows, json!(native.entries().len()), "{place}");
        }
        let visited = browser.run("return [...window.visited]", &[]).await;
        let places = visited.as_array().map_or(0, Vec::len);
        assert!(places > DOINGS / 10, "{id}: the walk goes somewhere: {visited}");
    });
}

/// Tab goes through the figure and out of it again, forwards and backwards.
#[test]
fn nobody_is_caught_in_a_figure() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        browser.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))", &[]).await;
        for (from, key) in [("before", "\u{e004}"), ("after", "\u{e008}\u{e004}")] {
            let edge = "const figure = document.querySelector('sim-figure');
                        const edge = document.createElement('button');
                        edge.textContent = 'edge';
                        figure[a[0]](edge);
                        edge.focus()";
            browser.run(edge, &[json!(from)]).await;
            let stops = browser
                .run("return document.querySelectorAll('sim-figure :is(button, select, input, summary, a, [tabindex=\"0\"])').length", &[])
                .await;
            let stops = stops.as_u64().expect("a number");
            let inside = "return document.querySelector('sim-figure').contains(document.activeElement)";
            let mut presses = 0;
            browser.press(key).await;
            assert_eq!(browser.run(inside, &[]).await, json!(true), "{id}: the figure is reached");
            while browser.run(inside, &[]).await == json!(true) {
                presses += 1;
                assert!(presses <= stops, "{id}: {presses} presses and no end");
                browser.press(key).await;
            }
            assert!(presses > 5, "{id}: {presses} stops");
        }
    });
}
