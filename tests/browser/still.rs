//! The static page: it is what the live figure starts from, and it stands where nothing can live.

use serde_json::{Value, json};
use sim::telling::catalogue;
use url::Url;

use crate::driver::{Browser, in_browser, in_browser_at};
use crate::figures::{awaken, for_every_figure, page, shown, text};
use crate::host::{Habit, every_figure, host};

#[test]
fn static_pictures_are_the_live_first_frame_byte_for_byte() {
    for_every_figure(1280, 900, async |browser, spec| {
        let differing = browser
            .run(
                "const { id, dataset } = document.querySelector('sim-figure');
                 const page = await (await fetch(location.href)).text();
                 const figure = (await import(dataset.module)).Figure.open(dataset.start);
                 const parts = { wide: figure.svg(false), narrow: figure.svg(true), rows: figure.rows(),
                   film: figure.film('#' + id), chart: figure.chart(false), phone: figure.chart(true) };
                 return Object.keys(parts).filter((name) => !page.includes(parts[name]))",
                &[],
            )
            .await;
        assert_eq!(differing, json!([]), "{}", spec.name);
    });
}

#[test]
fn pages_do_not_move_when_figures_come_to_life() {
    for_every_figure(1280, 900, async |browser, spec| {
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
        assert_eq!(shifts[0].as_f64(), Some(0.0), "{}", spec.name);
        assert!(shifts[1].as_f64() > Some(0.0), "a page that does move is seen to");
    });
}

/// What a reader without scripts sees of a figure: picture, sentence, film and text version; and no dead control.
pub(crate) const STANDS: &str = "const all = [...document.querySelectorAll('sim-figure')];
  return all.length > 0 && all.every((f) => {
    const seen = (e) => e?.checkVisibility({ visibilityProperty: true });
    const find = (s) => f.querySelector(s);
    return [...f.querySelectorAll('.figure-picture > svg')].filter((p) => seen(p)).length === 1
      && seen(find('.sentence')) && seen(find('.figure-film svg')) && seen(find('.figure-text summary'))
      && seen(find('figcaption')) && f.querySelectorAll('.figure-rows tr').length > 2
      && (!find('.figure-guess:not([hidden])') || seen(find('.figure-guess p')))
      && (!find('.figure-chart') || seen(find('.figure-chart svg.wide')))
      && ![...f.querySelectorAll('button, select, input')].some(seen);
  })";

#[test]
fn without_scripts_every_figure_stands() {
    in_browser_at(host(every_figure(), Habit::Proper), 1280, 900, async |browser| {
        browser.without_scripts().await;
        for spec in catalogue() {
            browser.visit(&page(spec)).await;
            assert_eq!(browser.run(STANDS, &[]).await, json!(true), "{}", spec.name);
        }
    });
}

#[test]
fn without_scripts_an_article_can_be_read() {
    in_browser(1280, 900, async |browser| {
        browser.without_scripts().await;
        browser.visit(crate::driver::ARTICLE).await;
        assert_eq!(browser.run(STANDS, &[]).await, json!(true));
        let words = browser.run("return document.querySelector('main').innerText.split(/\\s+/).length", &[]).await;
        assert!(words.as_u64() > Some(1500), "{words} words");
        browser.screenshot("article-no-scripts").await;
    });
}

async fn gives_up(browser: &Browser) {
    browser.run("document.querySelectorAll('sim-figure').forEach(f => f.start())", &[]).await;
    let failed = "return [...document.querySelectorAll('sim-figure')].every(f => 'failed' in f.dataset)";
    browser.until("the figures give up", failed).await;
}

#[test]
fn where_the_engine_cannot_run_every_figure_stands() {
    in_browser_at(host(every_figure(), Habit::NoWasm), 1280, 900, async |browser| {
        for spec in catalogue() {
            browser.visit(&page(spec)).await;
            gives_up(browser).await;
            assert_eq!(browser.run(STANDS, &[]).await, json!(true), "{}", spec.name);
        }
    });
}

#[test]
fn where_the_engine_is_missing_every_figure_stands() {
    in_browser_at(host(every_figure(), Habit::Proper), 1280, 900, async |browser| {
        browser.block("*.wasm").await;
        for spec in catalogue() {
            browser.visit(&page(spec)).await;
            gives_up(browser).await;
            assert_eq!(browser.run(STANDS, &[]).await, json!(true), "{}", spec.name);
        }
    });
}

#[test]
fn where_scripts_are_of_the_wrong_type_every_figure_stands() {
    in_browser_at(host(every_figure(), Habit::WrongType("js", "text/plain")), 1280, 900, async |browser| {
        for spec in catalogue() {
            browser.visit(&page(spec)).await;
            assert_eq!(browser.run(STANDS, &[]).await, json!(true), "{}", spec.name);
        }
    });
}

#[test]
fn where_the_engine_is_of_the_wrong_type_figures_live() {
    let host = host(every_figure(), Habit::WrongType("wasm", "application/octet-stream"));
    in_browser_at(host, 1280, 900, async |browser| {
        let spec = catalogue()[0];
        browser.visit(&page(spec)).await;
        awaken(browser).await;
        assert_eq!(shown(browser, spec.name).await.at, 0);
    });
}

/// Steps a figure in a page of its own and compares it with the page's own engine.
async fn steps_alone(browser: &Browser, name: &str) {
    awaken(browser).await;
    let (before, steps) = (shown(browser, name).await, "[data-do=step]");
    browser.click(steps).await;
    let after = shown(browser, name).await;
    assert_eq!((before.at, after.at), (0, 1), "{name}");
    assert_eq!(text(browser, ".sentence").await, crate::figures::player(&after.state).sentence());
}

#[test]
fn figures_run_from_a_disk() {
    in_browser_at(String::new(), 1280, 900, async |browser| {
        for spec in catalogue() {
            let file = every_figure().join(format!("posts/{0}/figure-{0}.html", spec.name));
            browser.go(Url::from_file_path(file).expect("an absolute path").as_str()).await;
            steps_alone(browser, spec.name).await;
            let fetched = browser.run("return performance.getEntriesByType('resource').length", &[]).await;
            assert!(fetched.as_u64() <= Some(1), "{}: only the engine, out of the page itself", spec.name);
        }
    });
}

#[test]
fn figures_run_in_a_frame_of_another_site() {
    let elsewhere = host(every_figure(), Habit::Proper);
    in_browser_at(host(every_figure(), Habit::Proper), 1280, 900, async |browser| {
        for spec in catalogue() {
            browser.visit_afresh(&page(spec)).await;
            awaken(browser).await;
            let tag = browser
                .run(
                    "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (t) => (window.tag = t) } });
                     document.querySelector('[data-do=embed]').click();
                     return window.tag",
                    &[],
                )
                .await;
            let tag = tag.as_str().expect("a tag");
            let address = format!("https://figures.example/posts/{0}/figure-{0}.html#{0}=v1.", spec.name);
            assert!(tag.starts_with("<iframe ") && tag.contains(&format!("src=\"{address}")), "{tag}");
            // An empty page of another origin, and without a policy.
            browser.go(&format!("{elsewhere}/nothing.html")).await;
            browser.frame(&tag.replace("https://figures.example", &browser.site())).await;
            steps_alone(browser, spec.name).await;
        }
    });
}

#[test]
fn what_lies_beside_a_page_is_there() {
    for_every_figure(1280, 900, async |browser, spec| {
        let statuses: Value = browser
            .run(
                "const links = document.querySelectorAll('.exports a');
                 return Promise.all([...links].map(async ({ href }) => (await fetch(href)).status))",
                &[],
            )
            .await;
        assert_eq!(statuses, json!([200, 200, 200, 200]), "{}", spec.name);
    });
}
