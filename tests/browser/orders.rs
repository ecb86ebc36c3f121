//! What a reader puts in order or chooses in a picture: by pointer, by keyboard, by a finger, and as a number.

use serde_json::json;
use sim::telling::player::Player;
use sim::telling::story::Layout;

use crate::controls::{agrees, same_picture};
use crate::driver::Browser;
use crate::figures::{choose, count, focus, for_every_figure, player, shown, text};

/// Keys as WebDriver names them.
const ENTER: &str = "\u{e007}";
const END: &str = "\u{e010}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

/// The steps of a run, and what is guessed.
const STEPS: &str = ".figure-order .order";
const GUESS: &str = ".figure-guess .order";

/// The keys of a list's items, as they lie.
async fn laid(browser: &Browser, list: &str) -> String {
    let keys = "return [...document.querySelectorAll(`${a[0]} li`)].map((item) => item.dataset.key).join('')";
    browser.run(keys, &[json!(list)]).await.as_str().unwrap_or_default().to_owned()
}

fn button(list: &str, key: &str, by: i32) -> String {
    format!("{list} [data-key='{key}'] [data-by='{by}']")
}

/// Puts a list's first item last and brings it back, by each way that there is: buttons, arrow keys, and a drag.
async fn reorders(browser: &Browser, list: &str) {
    let first = laid(browser, list).await;
    let (head, rest) = first.split_at(1);
    let (second, last) = (&rest[..1], &first[first.len() - 1..]);
    // By keys: Enter presses the button, which keeps the focus while its item moves.
    focus(browser, &button(list, head, 1)).await;
    for _ in 1..first.len() {
        browser.press(ENTER).await;
    }
    assert_eq!(laid(browser, list).await, format!("{rest}{head}"));
    let told = text(browser, ".figure-say .gap").await;
    assert!(told.ends_with(&format!(": place {0} of {0}.", first.len())), "{told}");
    let focused = "return document.activeElement.closest('li').dataset.key";
    assert_eq!(browser.run(focused, &[]).await, json!(head), "the focus went with it");
    assert_eq!(count(browser, &format!("{}[aria-disabled=true]", button(list, head, 1))).await, 1, "there it ends");
    browser.press(ENTER).await;
    assert_eq!(laid(browser, list).await, format!("{rest}{head}"), "and a press does nothing");
    // By arrows.
    for _ in 1..first.len() {
        browser.press(UP).await;
    }
    assert_eq!(laid(browser, list).await, first);
    for key in [UP, DOWN, UP] {
        browser.press(key).await;
    }
    assert_eq!(laid(browser, list).await, first);
    // By pointer: a press, and a drag there and back.
    browser.click(&button(list, second, -1)).await;
    assert_eq!(laid(browser, list).await, format!("{second}{head}{}", &rest[1..]));
    let item = |key: &str| format!("{list} [data-key='{key}'] > span:not(.grip)");
    browser.drag_to(&item(head), &item(last)).await;
    assert_eq!(laid(browser, list).await, format!("{rest}{head}"), "dragged to the end");
    browser.drag_to(&item(head), &item(second)).await;
    assert_eq!(laid(browser, list).await, first, "and back");
}

/// The order of a guess: moved about, given, and held against the run, which it does not touch.
pub(crate) async fn order_is_guessed(browser: &Browser, id: &str, items: usize) {
    let at_first = laid(browser, GUESS).await;
    assert_eq!(at_first.len(), items);
    let start = shown(browser, id).await;
    reorders(browser, GUESS).await;
    assert_eq!(shown(browser, id).await, start, "{id}: a guess is no step");
    focus(browser, &button(GUESS, &at_first[..1], 1)).await;
    browser.press(ENTER).await;
    let guess = laid(browser, GUESS).await;
    assert_ne!(guess, at_first);
    browser.click("[data-do=guess]").await;
    assert_eq!(count(browser, "[data-do=play]:focus").await, 1, "{id}: the way is free");
    assert_eq!(count(browser, ".guess-told.known").await, 0, "{id}: nothing is told before the end");
    browser.click(&format!("{GUESS} li:first-child [data-by='1']")).await;
    assert_eq!(laid(browser, GUESS).await, guess, "{id}: given is given");
    focus(browser, "[data-do=step]").await;
    browser.press(END).await;
    let gap = player(&start.state).gap(guess.parse().expect("digits"));
    assert!(gap.starts_with("Your order: "), "{gap}");
    assert_eq!(text(browser, ".guess-told").await, gap);
    assert_eq!(text(browser, ".figure-say .gap").await, gap, "{id}: it is said aloud");
    browser.click("[data-do=reset]").await;
    assert_eq!(laid(browser, GUESS).await, at_first, "{id}: asked anew");
}

#[test]
fn steps_are_laid_in_order_and_run() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        assert_eq!(count(browser, STEPS).await, u64::from(spec.order.is_some()), "{id}");
        let Some(sequence) = spec.order else { return };
        assert_eq!(laid(browser, STEPS).await, Player::new(spec, 0).order());
        reorders(browser, STEPS).await;
        // Each move is another run: that which went back says its order, too.
        assert_eq!(shown(browser, id).await.state, format!("{id}=v1.in-order.o{}.n0", sequence.letters));
        browser.click(&button(STEPS, "c", -1)).await;
        let mut native = Player::new(spec, 0);
        native.set_order("fcuspb");
        assert_eq!(shown(browser, id).await.state, native.state());
        agrees(browser, id).await;
        browser.click("[data-do=step]").await;
        browser.click("[data-do=step]").await;
        native.seek(2);
        assert!(text(browser, ".sentence").await.contains("-EINVAL"));
        assert!(same_picture(browser, ".figure-picture svg.wide", &native.page_svg(Layout::Wide)).await);
        // A link lays the cards, and a preset does.
        browser.visit_afresh(&format!("posts/{id}/#{id}=v1.busy-guest.obpscuf.n1")).await;
        let there = format!("return document.getElementById('{id}').dataset.at === '1'");
        browser.until("the link is followed", &there).await;
        assert_eq!(laid(browser, STEPS).await, "bpscuf");
        choose(browser, ".figure-tools [data-preset]", "1").await;
        assert_eq!(laid(browser, STEPS).await, Player::new(spec, 1).order());
    });
}

/// On a phone the cards lie under each other, and a finger drags them by the grip.
#[test]
fn steps_are_laid_by_a_finger() {
    for_every_figure(320, 800, async |browser, spec| {
        if spec.order.is_none() {
            return;
        }
        assert_eq!(laid(browser, STEPS).await, "fucspb");
        let grip = |key: &str| format!("{STEPS} [data-key='{key}'] .grip");
        browser.touch(&grip("u"), &grip("s")).await;
        let dragged = format!("return document.getElementById('{}').dataset.state.includes('.ofcsupb.')", spec.name);
        browser.until("the card is dragged", &dragged).await;
        browser.tap(&button(STEPS, "f", 1)).await;
        browser
            .until("a tap is a press", "return document.querySelector('.figure-order li').dataset.key === 'c'")
            .await;
        assert_eq!(shown(browser, spec.name).await.state, "migration=v1.in-order.ocfsupb.n0");
    });
}

/// The knob that says where a driver aims.
const AIM: usize = 1;

/// Where the driver aims, which picture, narration and the chosen place agree on.
async fn aim(browser: &Browser, id: &str) -> u32 {
    let native = player(&shown(browser, id).await.state);
    agrees(browser, id).await;
    assert!(same_picture(browser, ".figure-picture svg.wide", &native.page_svg(Layout::Wide)).await);
    let checked = "const all = document.querySelectorAll('.figure-picture svg.wide [role=radio][aria-checked=true]');
                   return [...all].map((one) => one.dataset.to).join()";
    assert_eq!(browser.run(checked, &[]).await, json!(native.knob(AIM).to_string()));
    native.knob(AIM)
}

fn place(number: u32) -> String {
    format!(".figure-picture svg.wide [data-to='{number}']")
}

/// Places of a picture of which one is chosen: pressed, pulled, or walked through by arrows.
#[test]
fn a_place_is_chosen_in_the_picture() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let places = count(browser, ".figure-picture svg.wide [data-turn]").await;
        assert_eq!(places > 0, id == "dma", "{id}: {places} places");
        if places == 0 {
            return;
        }
        assert_eq!(aim(browser, id).await, 3);
        browser.click(&place(27)).await;
        assert_eq!(aim(browser, id).await, 27);
        browser.drag_to(&place(27), &place(12)).await;
        assert_eq!(aim(browser, id).await, 12);
        // Arrows walk without stepping; at the edges they do nothing.
        browser.click("[data-do=step]").await;
        focus(browser, "svg.wide [data-turn][tabindex='0']").await;
        let walk =
            [(RIGHT, 13), (DOWN, 21), (DOWN, 29), (DOWN, 0xFEE00), (DOWN, 0xFEE00), (UP, 24), (LEFT, 24), (UP, 16)];
        for (key, to) in walk {
            browser.press(key).await;
            assert_eq!(aim(browser, id).await, to, "{key:?}");
            let focused = browser.run("return document.activeElement.dataset.to", &[]).await;
            assert_eq!(focused, json!(to.to_string()), "the focus goes along");
        }
        assert_eq!(shown(browser, id).await.at, 0, "another place is another run");
        assert_eq!(count(browser, ".figure-picture svg.wide [tabindex='0']").await, 1, "one stop");
        browser.press(ENTER).await;
        assert_eq!(aim(browser, id).await, 16);
        browser.click("[data-do=step]").await;
        browser.click(&place(16)).await;
        assert_eq!((aim(browser, id).await, shown(browser, id).await.at), (16, 1), "it is chosen already");
        // Of two runs each has its own.
        choose(browser, "[data-with]", "1").await;
        browser.click(".figure-beside svg.wide [data-to='9']").await;
        let state = shown(browser, id).await.state;
        let (first, second) = state.split_once("&with=").expect("two runs");
        assert_eq!([player(first).knob(AIM), player(&format!("{id}={second}")).knob(AIM)], [16, 9]);
    });
}

/// By a frame's number or an address in it, also in hexadecimal; what is none is said to be none.
#[test]
fn a_place_is_written_as_a_number() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let field = "[data-knob='1'][data-frames]";
        let in_text = ".knob[data-knob='1']";
        if count(browser, field).await == 0 {
            return;
        }
        browser.click(".figure-knobs summary").await;
        for (said, to) in
            [("27", 27), ("0x1b", 27), (" 0X5000 ", 5), ("0x5fff", 5), ("4096", 1), ("0xfee00000", 0xFEE00), ("0", 0)]
        {
            choose(browser, field, said).await;
            assert_eq!(aim(browser, id).await, to, "{said}");
            // Field and text say it alike: the window for interrupts is known by its digits.
            let stands = if to == 0xFEE00 { "0xfee00".to_owned() } else { to.to_string() };
            let value = browser.run("return document.querySelector(a[0]).value", &[json!(field)]).await;
            assert_eq!((value, text(browser, in_text).await), (json!(stands), stands), "{said}");
        }
        let before = shown(browser, id).await.state;
        for said in ["", "x", "-1", "1.5", "0x20000", "1e99", "0x", "\u{663}"] {
            choose(browser, field, said).await;
            assert_eq!(shown(browser, id).await.state, before, "{said:?} is no frame");
            assert_eq!(count(browser, &format!("{field}[aria-invalid=true]")).await, 1, "{said:?}");
            assert!(text(browser, ".figure-say .gap").await.contains("0 to 31"), "{said:?}");
        }
        focus(browser, in_text).await;
        browser.press(RIGHT).await;
        assert_eq!(aim(browser, id).await, 1, "the text goes on from the knob, whatever its field says");
        focus(browser, field).await;
        choose(browser, field, "7").await;
        for (key, to) in [(UP, 8), (DOWN, 7), (DOWN, 6)] {
            browser.press(key).await;
            assert_eq!(aim(browser, id).await, to);
        }
        assert_eq!(count(browser, &format!("{field}[aria-invalid=true]")).await, 0);
    });
}

/// A finger chooses by a tap; where it moves it scrolls.
#[test]
fn a_place_is_chosen_by_a_finger() {
    for_every_figure(320, 800, async |browser, spec| {
        let place = |number: u32| format!(".figure-picture svg.narrow [data-to='{number}']");
        if count(browser, &place(3)).await == 0 {
            return;
        }
        let id = spec.name;
        let knob = async || player(&shown(browser, id).await.state).knob(AIM);
        browser.tap(&place(30)).await;
        let tapped = format!("return document.getElementById('{id}').dataset.state.includes('.k4-30.')");
        browser.until("a tap chooses", &tapped).await;
        browser.touch(&place(12), &place(24)).await;
        assert_eq!(knob().await, 30, "a finger that moves chooses nothing");
    });
}
