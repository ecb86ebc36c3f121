//! The viewer over an album: keys, fingers, history, focus, and what there is without it.

use serde_json::{Value, json};

use crate::access::{axe, violations};
use crate::driver::{Browser, in_browser};

const ALBUM: &str = "gallery/portraits-of-a-ring/";
const FIRST: &str = "gallery/portraits-of-a-ring/01-empty/";

const RIGHT: &str = "\u{e014}";
const LEFT: &str = "\u{e012}";
const HOME: &str = "\u{e011}";
const END: &str = "\u{e010}";
const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

/// The photograph that is seen, and its picture.
const SEEN: &str = ".viewer figure:not([inert])";
const PICTURE: &str = ".viewer figure:not([inert]) img";

/// Opens the viewer at the tile with this number, from 1.
async fn open(browser: &Browser, number: usize) {
    browser.visit(ALBUM).await;
    browser.click(&format!(".photos li:nth-child({number}) a")).await;
    told(browser, number).await;
}

/// Waits until the viewer has said which photograph it shows; until then the address may be another's.
async fn told(browser: &Browser, number: usize) {
    let said = format!(
        "return document.querySelector('.viewer[open] [role=status]')?.textContent.startsWith('{number} of 8: ') ?? false"
    );
    browser.until(&format!("photograph {number} is told"), &said).await;
}

/// Waits until the page is the album again, with nothing over it.
async fn closed(browser: &Browser) {
    let album = format!(
        "return !document.querySelector('.viewer[open]') && location.pathname === '/{ALBUM}' && history.state === null"
    );
    browser.until("the album is seen", &album).await;
}

/// The end of the present address.
async fn path(browser: &Browser) -> String {
    browser.run("return location.pathname", &[]).await.as_str().expect("a path").to_owned()
}

/// How the picture that is seen stands in the window: its left, top, right and bottom edge, and the window's width and height.
async fn edges(browser: &Browser) -> [f64; 6] {
    let measure = format!(
        "const {{ left, top, right, bottom }} = document.querySelector('{PICTURE}').getBoundingClientRect();
         return [left, top, right, bottom, innerWidth, innerHeight]"
    );
    let numbers = browser.run(&measure, &[]).await;
    std::array::from_fn(|index| numbers[index].as_f64().expect("a number"))
}

/// Waits until nothing moves by itself.
async fn still(browser: &Browser) {
    browser.until("nothing moves", "return document.getAnimations().every((one) => one.playState !== 'running')").await;
}

#[test]
fn keys_lead_through_an_album() {
    in_browser(1280, 900, async |browser| {
        browser.visit(ALBUM).await;
        browser.run("document.querySelector('.photos a').focus()", &[]).await;
        browser.press(ENTER).await;
        told(browser, 1).await;
        let state = format!(
            "const [picture, tile] = [document.querySelector('{PICTURE}'), document.querySelector('.photos img')];
             const pressed = [...document.querySelectorAll('.viewer button')].map((one) => [one.ariaLabel, one.ariaDisabled]);
             return {{ name: document.querySelector('.viewer').ariaLabel, said: document.querySelector('.viewer [role=status]').textContent,
               title: document.title.split(' · ')[0], heading: document.querySelector('{SEEN} h1').textContent,
               words: document.querySelector('{SEEN} .prose').textContent.slice(0, 15), alt: picture.alt === tile.alt, pressed }}"
        );
        let expect = json!({
            "name": "Portraits of a ring", "said": "1 of 8: Nothing yet", "title": "Nothing yet", "heading": "Nothing yet",
            "words": "A ring of eight", "alt": true, "pressed": [["Previous", "true"], ["Next", "false"], ["Close", null]],
        });
        assert_eq!(browser.run(&state, &[]).await, expect);
        assert_eq!(path(browser).await, format!("/{FIRST}"));
        for (key, number) in [(LEFT, 1), (RIGHT, 2), (RIGHT, 3), (LEFT, 2), (END, 8), (RIGHT, 8), (HOME, 1), (END, 8)] {
            browser.press(key).await;
            told(browser, number).await;
        }
        let pressed = "return [...document.querySelectorAll('.viewer button')].map((one) => one.ariaDisabled)";
        assert_eq!(browser.run(pressed, &[]).await, json!(["false", "true", null]));
        browser.press(ESCAPE).await;
        closed(browser).await;
        let back = "const tile = document.activeElement;
                    const { top, bottom } = tile.getBoundingClientRect();
                    return [tile === document.querySelector('.photos li:last-child a'), top >= -1 && bottom <= innerHeight + 1, document.title.split(' · ')[0]]";
        assert_eq!(browser.run(back, &[]).await, json!([true, true, "Portraits of a ring"]));
    });
}

/// The caption that had the focus is gone with its photograph, and the next key is heard all the same.
#[test]
fn keys_are_heard_from_a_caption_too() {
    in_browser(1280, 900, async |browser| {
        open(browser, 1).await;
        browser.run(&format!("document.querySelector('{SEEN} .downloads a').focus()"), &[]).await;
        for number in [2, 3] {
            browser.press(RIGHT).await;
            told(browser, number).await;
        }
    });
}

#[test]
fn the_focus_stays_within() {
    in_browser(1280, 900, async |browser| {
        open(browser, 1).await;
        let within =
            "return document.activeElement === document.body || Boolean(document.activeElement.closest('.viewer'))";
        for _ in 0..8 {
            browser.press(TAB).await;
            assert_eq!(browser.run(within, &[]).await, json!(true));
        }
        let outside =
            "const tile = document.querySelector('.photos a'); tile.focus(); return document.activeElement === tile";
        assert_eq!(browser.run(outside, &[]).await, json!(false));
        // The last photograph's button stays where the focus is: it only does nothing.
        browser.press(END).await;
        told(browser, 8).await;
        browser.run("document.querySelector('.viewer-next').focus()", &[]).await;
        browser.press(ENTER).await;
        told(browser, 8).await;
        browser.click(".viewer-previous").await;
        told(browser, 7).await;
        browser.click(".viewer-close").await;
        closed(browser).await;
    });
}

#[test]
fn the_history_has_one_entry_for_a_visit() {
    in_browser(1280, 900, async |browser| {
        open(browser, 2).await;
        let entries = browser.run("return history.length", &[]).await;
        browser.press(RIGHT).await;
        told(browser, 3).await;
        let third = path(browser).await;
        assert_eq!(third, format!("/{ALBUM}03-burst/"));
        assert_eq!(browser.run("return history.length", &[]).await, entries);
        browser.back().await;
        closed(browser).await;
        browser.forward().await;
        told(browser, 3).await;
        browser.reload().await;
        browser
            .until("the photograph's own page is seen", "return Boolean(document.querySelector('main .photo'))")
            .await;
        assert_eq!(path(browser).await, third);
        browser.back().await;
        browser.until("the album's page is seen", "return Boolean(document.querySelector('main .photos'))").await;
        closed(browser).await;
        browser.forward().await;
        browser.until("it is there again", &format!("return location.pathname === '{third}'")).await;
        browser.back().await;
        closed(browser).await;
        // A visit that ends by a key leaves no entry to go back to.
        browser.click(".photos a").await;
        told(browser, 1).await;
        browser.press(ESCAPE).await;
        closed(browser).await;
        browser.visit("about/").await;
        browser.back().await;
        closed(browser).await;
    });
}

#[test]
fn presses_with_a_meaning_of_their_own_are_left_alone() {
    in_browser(1280, 900, async |browser| {
        browser.visit(ALBUM).await;
        let press = "addEventListener('click', (event) => {
                       window.taken = event.defaultPrevented;
                       event.preventDefault();
                     }, { once: true });
                     document.querySelector('.photos img').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...a[0] }));
                     return [window.taken, Boolean(document.querySelector('.viewer[open]'))]";
        for own in [
            json!({ "ctrlKey": true }),
            json!({ "metaKey": true }),
            json!({ "shiftKey": true }),
            json!({ "altKey": true }),
            json!({ "button": 1 }),
        ] {
            assert_eq!(browser.run(press, std::slice::from_ref(&own)).await, json!([false, false]), "{own}");
        }
        assert_eq!(browser.run(press, &[json!({})]).await, json!([true, true]));
    });
}

#[test]
fn fingers_turn_over_and_pull_down() {
    in_browser(360, 740, async |browser| {
        browser.visit(ALBUM).await;
        browser.tap(".photos a").await;
        told(browser, 1).await;
        still(browser).await;
        // The picture follows the finger, at once.
        browser.hands(&[&[(300.0, 300.0)], &[(250.0, 302.0)], &[(180.0, 302.0)]]).await;
        let follows = format!("return Math.round(document.querySelector('{SEEN}').getBoundingClientRect().x) === -120");
        browser.until("the picture is where the finger is", &follows).await;
        browser.devtools("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await;
        told(browser, 2).await;
        browser.hands(&[&[(60.0, 300.0)], &[(160.0, 300.0)], &[(260.0, 300.0)], &[]]).await;
        told(browser, 1).await;
        // Before the first there is nothing.
        browser.hands(&[&[(60.0, 300.0)], &[(160.0, 300.0)], &[(260.0, 300.0)]]).await;
        let resists = format!("return Math.round(document.querySelector('{SEEN}').getBoundingClientRect().x) === 50");
        browser.until("the picture resists", &resists).await;
        browser.devtools("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await;
        still(browser).await;
        let back = format!("return document.querySelector('{SEEN}').getBoundingClientRect().x === 0");
        browser.until("it returns", &back).await;
        told(browser, 1).await;
        browser.hands(&[&[(180.0, 200.0)], &[(182.0, 320.0)], &[(182.0, 420.0)], &[]]).await;
        closed(browser).await;
    });
}

#[test]
fn two_fingers_and_two_taps_magnify() {
    in_browser(360, 740, async |browser| {
        open(browser, 1).await;
        still(browser).await;
        let [left, top, right, ..] = edges(browser).await;
        let narrow = right - left;
        let y = top + 40.0;
        browser
            .hands(&[
                &[(150.0, y)],
                &[(150.0, y), (210.0, y)],
                &[(120.0, y), (240.0, y)],
                &[(60.0, y), (300.0, y)],
                &[],
            ])
            .await;
        browser
            .until("it is magnified", "return document.querySelector('.viewer').hasAttribute('data-magnified')")
            .await;
        let [left, _, right, _, width, _] = edges(browser).await;
        assert!(right - left > 2.5 * narrow && left <= 0.0 && right >= width, "{left} to {right}");
        // However far it is pulled, no gap opens at its edge; and a stroke moves it instead of turning over.
        browser.hands(&[&[(60.0, y)], &[(200.0, y)], &[(350.0, y)], &[]]).await;
        browser.hands(&[&[(60.0, y)], &[(200.0, y)], &[(350.0, y)], &[]]).await;
        browser.hands(&[&[(60.0, y)], &[(200.0, y)], &[(350.0, y)], &[]]).await;
        let [left, _, right, ..] = edges(browser).await;
        assert!(left.abs() < 0.5 && right > width, "{left} to {right}");
        told(browser, 1).await;
        // Together again, and further: it fits.
        browser
            .hands(&[&[(20.0, y)], &[(20.0, y), (340.0, y)], &[(120.0, y), (240.0, y)], &[(170.0, y), (190.0, y)], &[]])
            .await;
        let [left, _, right, ..] = edges(browser).await;
        assert!((right - left - narrow).abs() < 0.5, "{left} to {right}");
        // On a busy machine two taps may be too far apart to be a pair.
        let magnified = "return document.querySelector('.viewer').hasAttribute('data-magnified')";
        for _ in 0..20 {
            let place: &[(f64, f64)] = &[(180.0, y)];
            browser.hands(&[place, &[], place, &[]]).await;
            if browser.run(magnified, &[]).await == json!(true) {
                break;
            }
        }
        still(browser).await;
        assert_eq!(browser.run(magnified, &[]).await, json!(true));
        browser.press("0").await;
        still(browser).await;
        let [left, _, right, ..] = edges(browser).await;
        assert!((right - left - narrow).abs() < 0.5, "{left} to {right}");
    });
}

#[test]
fn wheel_and_keys_magnify_as_far_as_there_is_anything_to_see() {
    in_browser(1280, 900, async |browser| {
        open(browser, 1).await;
        still(browser).await;
        let [left, top, right, bottom, ..] = edges(browser).await;
        let (x, y) = (left + (right - left) / 4.0, top + (bottom - top) / 4.0);
        let wheel = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": -100, "modifiers": 2 });
        browser.devtools("Input.dispatchMouseEvent", wheel).await;
        browser
            .until("it is magnified", "return document.querySelector('.viewer').hasAttribute('data-magnified')")
            .await;
        let larger = edges(browser).await;
        // What is under the pointer stays there, and the window is the same size.
        let quarter = larger[0] + (larger[2] - larger[0]) / 4.0;
        assert!(larger[2] - larger[0] > right - left && (quarter - x).abs() < 1.0, "{larger:?}");
        assert_eq!(browser.run("return [visualViewport.scale, devicePixelRatio]", &[]).await, json!([1, 1]));
        for _ in 0..12 {
            browser.press("+").await;
        }
        still(browser).await;
        let most = edges(browser).await;
        assert!((most[2] - most[0]) / (right - left) <= 3.01, "{most:?}");
        // Arrows move it to its edge, and lead on from there.
        for _ in 0..40 {
            browser.press(RIGHT).await;
        }
        told(browser, 8).await;
        assert_eq!(
            browser.run("return document.querySelector('.viewer').hasAttribute('data-magnified')", &[]).await,
            json!(false)
        );
    });
}

#[test]
fn what_is_loaded_shows_at_once_and_sharpens() {
    in_browser(1280, 900, async |browser| {
        open(browser, 2).await;
        let file = format!("document.querySelector('{PICTURE}').currentSrc");
        browser
            .until(
                "the large file is there",
                &format!("return {file}.includes('.1600.') && document.querySelector('{PICTURE}').complete"),
            )
            .await;
        assert_eq!(
            browser
                .run("return document.querySelector('.photos li:nth-child(2) img').currentSrc.includes('.1600.')", &[])
                .await,
            json!(false)
        );
        // The neighbours are loaded, words and all, before anybody asks for them.
        let ahead = "const all = [...document.querySelectorAll('.viewer figure')];
                     return all.length === 3 && all.every((one) => one.querySelector('img').naturalWidth > 0 && one.querySelector('h1'))";
        browser.until("neighbours are loaded ahead", ahead).await;
    });
}

#[test]
fn what_cannot_be_had_is_told_in_words() {
    in_browser(1280, 900, async |browser| {
        browser.devtools("Network.enable", json!({})).await;
        browser.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
        // Neither the pictures nor the pages.
        browser.devtools("Network.setBlockedURLs", json!({ "urls": ["*/assets/photos/*", "*/0*-*/"] })).await;
        browser.visit(ALBUM).await;
        browser.click(".photos a").await;
        browser.until("it opens", "return Boolean(document.querySelector('.viewer[open]'))").await;
        let alt = format!("const image = document.querySelector('{PICTURE}');
                           return image.complete && image.naturalWidth === 0 && image.alt.startsWith('Eight free slots') && image.offsetHeight > 100");
        browser.until("the picture's text stands for it", &alt).await;
        browser.press(RIGHT).await;
        browser
            .until("the next is shown", "return document.querySelector('.viewer-bar p').textContent === '2 of 8'")
            .await;
        browser.press(ESCAPE).await;
        closed(browser).await;
    });
}

#[test]
fn the_small_picture_stands_where_the_large_one_is_missing() {
    in_browser(1280, 900, async |browser| {
        browser.block("*.1600.*").await;
        open(browser, 1).await;
        let small = format!(
            "const image = document.querySelector('{PICTURE}'); return image.complete && image.naturalWidth > 0 && !image.currentSrc.includes('.1600.')"
        );
        browser.until("the small one is shown", &small).await;
    });
}

#[test]
fn where_one_reads_from_right_to_left_the_arrows_follow() {
    in_browser(1280, 900, async |browser| {
        browser.visit(ALBUM).await;
        browser.run("document.documentElement.dir = 'rtl'", &[]).await;
        browser.click(".photos a").await;
        told(browser, 1).await;
        browser.press(LEFT).await;
        told(browser, 2).await;
        still(browser).await;
        let sides = format!(
            "const x = (it) => document.querySelector(it).getBoundingClientRect().x;
             return [x('{SEEN}') === 0, x('.viewer-next') < x('.viewer-previous')]"
        );
        assert_eq!(browser.run(&sides, &[]).await, json!([true, true]));
        browser.press(RIGHT).await;
        told(browser, 1).await;
    });
}

#[test]
fn without_motion_nothing_slides() {
    in_browser(1280, 900, async |browser| {
        browser.prefers("prefers-reduced-motion", "reduce").await;
        open(browser, 1).await;
        browser.press(RIGHT).await;
        assert_eq!(browser.run("return document.getAnimations().length", &[]).await, json!(0));
        browser.press("+").await;
        assert_eq!(browser.run("return document.getAnimations().length", &[]).await, json!(0));
        told(browser, 2).await;
    });
}

/// What is too small to be pressed, or leaves the window.
const MISFITS: &str = "const misfit = (one) => {
    const { left, top, right, bottom, width, height } = one.getBoundingClientRect();
    return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || (one.matches('button') && Math.min(width, height) < 44);
  };
  return [...document.querySelectorAll('.viewer :is(button, .viewer-bar p), .viewer figure:not([inert]) :is(img, figcaption)')]
    .filter(misfit).map((one) => one.outerHTML.slice(0, 120))";

#[test]
fn it_fits_every_window_and_axe_finds_nothing_wrong() {
    let axe = axe();
    in_browser(1280, 900, async |browser| {
        for (width, height) in [(1280, 900), (768, 1024), (360, 740), (320, 568), (568, 320), (740, 360)] {
            for (scheme, forced) in [("light", "none"), ("dark", "none"), ("light", "active")] {
                let place = format!("{width}×{height} {scheme}, forced colours {forced}");
                browser.window(width, height).await;
                browser
                    .prefer(&[
                        ("prefers-color-scheme", scheme),
                        ("forced-colors", forced),
                        ("prefers-reduced-motion", "reduce"),
                    ])
                    .await;
                open(browser, 5).await;
                assert_eq!(browser.run(MISFITS, &[]).await, json!([]), "{place}");
                // Of forced colours axe knows only what a background becomes, and not the words on it.
                if forced == "none" {
                    assert_eq!(violations(browser, &axe).await, json!([]), "{place}");
                }
            }
        }
        browser.on_paper(true).await;
        let seen = "return ['.viewer', '.photos'].map((it) => document.querySelector(it).checkVisibility())";
        assert_eq!(browser.run(seen, &[]).await, json!([false, true]), "paper shows the album");
    });
}

#[test]
fn axe_finds_nothing_wrong_on_pages_of_photographs() {
    let axe = axe();
    in_browser(1280, 900, async |browser| {
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")] {
            browser.window(width, 900).await;
            browser.prefers("prefers-color-scheme", scheme).await;
            for page in ["gallery/", ALBUM, FIRST] {
                browser.visit(page).await;
                assert_eq!(violations(browser, &axe).await, json!([]), "{page} at {width}, {scheme}");
            }
        }
    });
}

#[test]
fn without_scripts_tiles_are_links() {
    in_browser(1280, 900, async |browser| {
        browser.without_scripts().await;
        browser.visit(ALBUM).await;
        let follow = async |selector: &str| {
            browser.run("document.querySelector(a[0]).focus()", &[json!(selector)]).await;
            browser.press(ENTER).await;
        };
        follow(".photos a").await;
        browser
            .until("the photograph's page is seen", "return Boolean(document.querySelector('main .photo img'))")
            .await;
        assert_eq!(path(browser).await, format!("/{FIRST}"));
        follow(".neighbours [rel=next]").await;
        browser
            .until("the next one is seen", &format!("return location.pathname === '/{ALBUM}02-first-request/'"))
            .await;
    });
}

#[test]
fn on_a_photographs_page_arrows_lead_to_its_neighbours() {
    in_browser(1280, 900, async |browser| {
        let at = async |page: &str| {
            let there = format!("return location.pathname === '/{ALBUM}{page}/' && document.readyState === 'complete'");
            browser.until(page, &there).await;
        };
        browser.visit(FIRST).await;
        let press = "const event = new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true, ...a[0] });
                     let followed = false;
                     document.querySelector('.neighbours [rel=next]').addEventListener('click', (event) => {
                       event.preventDefault();
                       followed = true;
                     }, { once: true });
                     const field = document.body.appendChild(document.createElement(a[1]));
                     field.dispatchEvent(event);
                     return followed";
        let cases: [(Value, &str, bool); 5] = [
            (json!({}), "p", true),
            (json!({}), "input", false),
            (json!({}), "textarea", false),
            (json!({ "altKey": true }), "p", false),
            (json!({ "shiftKey": true }), "p", false),
        ];
        for (keys, element, followed) in cases {
            browser.visit(FIRST).await;
            assert_eq!(
                browser.run(press, &[keys.clone(), json!(element)]).await,
                json!(followed),
                "{keys} in {element}"
            );
        }
        browser.visit(FIRST).await;
        browser.press(RIGHT).await;
        at("02-first-request").await;
        browser.press(LEFT).await;
        at("01-empty").await;
        browser.press(LEFT).await;
        browser.run("document.documentElement.dir = 'rtl'", &[]).await;
        browser.press(LEFT).await;
        at("02-first-request").await;
    });
}
