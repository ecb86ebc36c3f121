//! Every figure under every condition: nothing is wider than its window, and targets are large enough. Pictures are kept for
//! people to look at.

use serde_json::json;
use sim::telling::catalogue;

use crate::driver::in_browser_at;
use crate::figures::{awaken, for_every_figure, page};
use crate::host::{Habit, every_figure, host};

/// The frame that is looked at: where the run is under way.
const FRAME: &str = "const slider = document.querySelector('[data-scrub]');
  slider.value = Math.min(Math.ceil(slider.max / 3), 12);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  const settled = () => document.getAnimations().filter((one) => one.playState === 'running').length === 0;
  while (!settled()) await new Promise((next) => requestAnimationFrame(next));";

#[test]
fn every_figure_under_every_condition() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        for (name, width, features) in [
            ("light", 1280, [("prefers-color-scheme", "light"), ("prefers-reduced-motion", "no-preference")]),
            ("dark", 1280, [("prefers-color-scheme", "dark"), ("prefers-reduced-motion", "no-preference")]),
            ("tablet", 768, [("prefers-color-scheme", "light"), ("prefers-reduced-motion", "reduce")]),
            ("phone-360", 360, [("prefers-color-scheme", "dark"), ("prefers-reduced-motion", "reduce")]),
            ("phone-320", 320, [("prefers-color-scheme", "light"), ("prefers-reduced-motion", "reduce")]),
            ("forced", 1280, [("forced-colors", "active"), ("prefers-color-scheme", "dark")]),
        ] {
            browser.window(width, 900).await;
            browser.prefer(&features).await;
            browser.run(FRAME, &[]).await;
            let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
            assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{id} {name}: {sizes}");
            let small = "const touch = innerWidth < 500 ? 44 : 24;
                         const seen = (one) => one.checkVisibility() && one.getBoundingClientRect().width > 0;
                         return [...document.querySelectorAll('sim-figure :is(button, select, summary, [type=range], [type=number], [type=text], svg.narrow [data-turn])')]
                           .filter(seen).filter((one) => one.getBoundingClientRect().height < Math.min(touch, one.matches('.figure-acts button') ? 24 : 44))
                           .map((one) => one.outerHTML.slice(0, 80))";
            assert_eq!(browser.run(small, &[]).await, json!([]), "{id} {name}");
            browser.screenshot(&format!("{id}-{name}")).await;
        }
    });
}

#[test]
fn every_figure_without_scripts_and_without_engine() {
    in_browser_at(host(every_figure(), Habit::NoWasm), 1280, 900, async |browser| {
        for spec in catalogue() {
            browser.window(1280, 900).await;
            browser.visit(&page(spec)).await;
            browser.run("document.querySelectorAll('sim-figure').forEach((figure) => figure.start())", &[]).await;
            browser.until("it gives up", "return Boolean(document.querySelector('[data-failed]'))").await;
            browser.screenshot(&format!("{}-no-engine", spec.name)).await;
        }
        browser.without_scripts().await;
        for spec in catalogue() {
            browser.window(1280, 900).await;
            browser.visit(&page(spec)).await;
            browser.screenshot(&format!("{}-no-scripts", spec.name)).await;
        }
    });
}

/// On paper the folds are open and the tools gone.
#[test]
fn every_figure_on_paper() {
    in_browser_at(host(every_figure(), Habit::Proper), 800, 1100, async |browser| {
        for spec in catalogue() {
            browser.visit_afresh(&page(spec)).await;
            awaken(browser).await;
            browser.on_paper(true).await;
            let seen = "const seen = (selector) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility());
                        return [seen('.figure-film li'), seen('.figure-rows td'), seen('.figure-tools'), seen('.exports')]";
            assert_eq!(browser.run(seen, &[]).await, json!([true, true, false, false]), "{}", spec.name);
            browser.on_paper(false).await;
        }
    });
}
