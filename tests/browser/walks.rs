//! Random walks: whatever a reader does, the page shows what the native engine says of the same state.

use serde_json::json;
use sim::telling::catalogue;
use sim::telling::story::{FigureSpec, Layout};
use sim::words::rng::Rng;

use crate::controls::same_picture;
use crate::figures::{for_every_figure, for_figures, player};

/// Things done in all, for each figure.
const DOINGS: usize = 300;
/// Things done between two looks.
const STRIDE: usize = 25;

/// Does what each number stands for: a key, a press of one of the controls, or a choice in one of the menus, and says what is then
/// shown. Files are not saved, and no page is left.
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
  await new Promise((next) => setTimeout(next));
  return {
    state: figure.dataset.state, problems: window.problems, sentence: document.querySelector('.sentence').textContent,
    rows: document.querySelectorAll('.figure-rows tbody tr').length,
  };";

// Two tests, since this is the longest of all and the last to begin: nothing else would be left for another processor.

#[test]
fn wherever_a_reader_wanders_the_page_shows_what_the_engine_says() {
    wander(catalogue().iter().copied().step_by(2));
}

#[test]
fn wherever_a_reader_wanders_through_the_other_figures_too() {
    wander(catalogue().iter().copied().skip(1).step_by(2));
}

fn wander(figures: impl Iterator<Item = &'static FigureSpec>) {
    for_figures(figures, 1280, 900, async |browser, spec| {
        let id = spec.name;
        let mut random = Rng::new(2008);
        browser.run("window.problems = []; window.visited = new Set(); window.addEventListener('error', (event) => window.problems.push(event.message))", &[]).await;
        for turn in 0..DOINGS / STRIDE {
            let numbers: Vec<u32> = (0..STRIDE).map(|_| random.next_u32() >> 1).collect();
            let shown = browser.run(DO, &[json!(numbers)]).await;
            let state = shown["state"].as_str().expect("a state");
            let place = format!("{id}, turn {turn}: {state}");
            assert_eq!(shown["problems"], json!([]), "{place}");
            let (first, second) =
                state.split_once("&with=").map_or((state, None), |(first, second)| (first, Some(second)));
            let native = player(first);
            let svg = native.page_svg(Layout::Wide);
            assert!(same_picture(browser, ".figure-picture svg.wide", &svg).await, "{place}");
            if let Some(second) = second {
                let svg = player(&format!("{id}={second}")).page_svg(Layout::Wide);
                assert!(same_picture(browser, ".figure-beside svg.wide", &svg).await, "{place}");
            }
            assert_eq!(shown["sentence"], json!(native.sentence()), "{place}");
            assert_eq!(shown["rows"], json!(native.entries().len()), "{place}");
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
        // Of every stop, whether it is within; what is outside is left no more.
        let watch = "window.stops = [];
                     document.querySelectorAll('details').forEach((fold) => (fold.open = true));
                     const figure = document.querySelector('sim-figure');
                     document.addEventListener('focusin', ({ target }) => window.stops.push(figure.contains(target)));
                     document.addEventListener('keydown', (event) => window.stops.at(-1) === false && event.preventDefault());
                     return figure.querySelectorAll(':is(button, select, input, summary, a, [tabindex=\"0\"])').length";
        let most = browser.run(watch, &[]).await.as_u64().expect("a number");
        for (from, key) in [("before", "\u{e004}"), ("after", "\u{e008}\u{e004}")] {
            let edge = "const edge = document.createElement('button');
                        edge.textContent = 'edge';
                        document.querySelector('sim-figure')[a[0]](edge);
                        edge.focus();
                        window.stops = []";
            browser.run(edge, &[json!(from)]).await;
            let mut stops = Vec::new();
            while !stops.contains(&json!(false)) && stops.len() as u64 <= most {
                browser.press(&key.repeat(16)).await;
                let now = browser.run("return window.stops", &[]).await.as_array().expect("a list").clone();
                assert!(now.len() > stops.len(), "{id}: after {} stops nothing has the focus", stops.len());
                stops = now;
            }
            assert_eq!(stops[0], json!(true), "{id}: the figure is reached");
            let within = stops.iter().position(|stop| *stop == json!(false));
            assert!(within.is_some_and(|within| within > 5 && within as u64 <= most + 1), "{id}: {stops:?}");
        }
    });
}
