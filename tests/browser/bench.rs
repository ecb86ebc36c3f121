//! How fast figures are in a page (`cargo bench --bench page`): from the moment when one comes near to the moment when it
//! lives, a step, and a jump, the latter two also on a processor four times slower.
//!
//! Goals: 100 ms to live, 16 ms a step, 50 ms a jump when slowed down. Nothing fails here: a busy machine is slow.

#![cfg(unix)]

#[expect(dead_code, reason = "the tests need more of it")]
mod driver;
#[expect(dead_code, reason = "the tests need more of it")]
mod figures;
#[expect(dead_code, reason = "the tests need more of it")]
mod host;

use serde_json::{Value, json};

use crate::driver::in_browser_at;
use crate::figures::{awaken, page};
use crate::host::{Habit, every_figure, host};

/// Notes when the shell is told that a figure is near, and when the figure lives.
const WATCH: &str = "const Real = IntersectionObserver;
  window.IntersectionObserver = class extends Real {
    constructor(tell, options) {
      super((entries, observer) => {
        if (options?.rootMargin && entries.some((entry) => entry.isIntersecting)) window.near ??= performance.now();
        tell(entries, observer);
      }, options);
    }
  };
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
    if (document.querySelector('[data-live]')) window.alive ??= performance.now();
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-live'] }), { once: true });";

/// Median and longest time of forty goes, each with the layout that follows.
const TIME: &str = "const figure = document.querySelector('sim-figure');
  const slider = figure.querySelector('[data-scrub]');
  const go = {
    step: () => figure.querySelector(`[data-do=${figure.dataset.at === figure.dataset.steps ? 'first' : 'step'}]`).click(),
    jump: (turn) => {
      slider.value = (turn * 7919) % (Number(slider.max) + 1);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    },
  }[a[0]];
  const times = [];
  for (let turn = 0; turn < 40; turn++) {
    const start = performance.now();
    go(turn);
    figure.getBoundingClientRect();
    times.push(performance.now() - start);
    await new Promise((next) => setTimeout(next));
  }
  times.sort((a, b) => a - b);
  return [times[20], times[39]]";

fn milliseconds(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn main() {
    println!("figure      live ms   step ms (most)   jump ms (most)   4x slower: step (most)   jump (most)");
    in_browser_at(host(every_figure(), Habit::Proper), 1280, 900, async |browser| {
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
        for spec in sim::telling::catalogue() {
            browser.visit_afresh(&page(spec)).await;
            awaken(browser).await;
            let live = browser.run("return window.alive - window.near", &[]).await;
            let mut line = format!("{:<10} {:>8.1}", spec.name, milliseconds(&live));
            for slowness in [1, 4] {
                browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": slowness })).await;
                for kind in ["step", "jump"] {
                    let times = browser.run(TIME, &[json!(kind)]).await;
                    line.push_str(&format!("   {:>6.1} ({:>6.1})", milliseconds(&times[0]), milliseconds(&times[1])));
                }
            }
            browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": 1 })).await;
            println!("{line}");
        }
    });
}
