//! Every control of every figure, by pointer and by keyboard; what the page then shows is what the native engine says.

use serde_json::json;
use sim::telling::player::Player;
use sim::telling::story::{Answers, FigureSpec};
use sim::words::text::Text;

use crate::driver::Browser;
use crate::figures::{choose, count, focus, for_every_figure, player, shown, skip_question, text};
use crate::orders::order_is_guessed;

/// Keys as WebDriver names them.
const ENTER: &str = "\u{e007}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";
const SPACE: &str = " ";

/// Sentence and picture of a page are those of the native engine at the page's state.
pub(crate) async fn agrees(browser: &Browser, id: &str) {
    let state = shown(browser, id).await.state;
    let player = player(state.split('&').next().expect("a state"));
    assert_eq!(text(browser, ".sentence").await, player.sentence(), "{state}");
}

#[test]
fn figures_obey_the_pointer() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let start = shown(browser, id).await;
        assert_eq!(start.at, 0);
        let few = start.steps.min(3);
        for step in 1..=few {
            browser.click("[data-do=step]").await;
            assert_eq!(shown(browser, id).await.at, step);
            agrees(browser, id).await;
        }
        browser.click("[data-do=back]").await;
        assert_eq!(shown(browser, id).await.at, few - 1);
        browser.click("[data-do=first]").await;
        assert_eq!(shown(browser, id).await.state, start.state);

        skip_question(browser).await;
        choose(browser, "[data-speed]", "4").await;
        let near = start.steps.saturating_sub(3);
        slide(browser, near).await;
        assert_eq!(shown(browser, id).await.at, near);
        browser.click("[data-do=play]").await;
        let played = format!("return document.getElementById('{id}').dataset.at === '{}'", start.steps);
        browser.until("the run has been played", &played).await;
        browser.until("it rests", "return !document.querySelector('[data-playing]')").await;
        agrees(browser, id).await;

        choose(browser, ".figure-tools [data-preset]", "1").await;
        assert_eq!(shown(browser, id).await.state, Player::new(spec, 1).state());
        browser.click("[data-do=reset]").await;
        assert_eq!(shown(browser, id).await.state, start.state);
    });
}

async fn slide(browser: &Browser, to: u32) {
    let script = "const slider = document.querySelector('[data-scrub]');
                  slider.value = a[0];
                  slider.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.run(script, &[json!(to)]).await;
}

#[test]
fn figures_obey_the_keyboard() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let start = shown(browser, id).await;
        focus(browser, "[data-do=step]").await;
        let second = start.steps.min(2);
        for (key, expected) in [(RIGHT, 1), (RIGHT, second), (LEFT, second - 1), (END, start.steps), (HOME, 0)] {
            browser.press(key).await;
            assert_eq!(shown(browser, id).await.at, expected, "{id}: {key:?}");
        }
        // Enter presses the focused button, as everywhere.
        browser.press(ENTER).await;
        assert_eq!(shown(browser, id).await.at, 1);
        for (key, preset) in [("2", 1), ("1", 0)] {
            browser.press(key).await;
            assert_eq!(shown(browser, id).await.state, Player::new(spec, preset).state());
        }
        let speed = "return document.querySelector('[data-speed]').value";
        browser.press("]").await;
        assert_eq!(browser.run(speed, &[]).await, json!("2"));
        browser.press("[").await;
        assert_eq!(browser.run(speed, &[]).await, json!("1"));
        // On the picture, or wherever no control has the focus, Space plays and pauses.
        skip_question(browser).await;
        focus(browser, "figure").await;
        browser.press(SPACE).await;
        assert_eq!(count(browser, "[data-playing]").await, 1, "{id}");
        browser.press(SPACE).await;
        assert_eq!(count(browser, "[data-playing]").await, 0, "{id}");
    });
}

#[test]
fn a_guess_comes_before_the_run_and_is_held_against_it() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let Some(asked) = spec.guess else { return };
        let Some(preset) = (0..spec.presets.len()).find(|&preset| Player::new(spec, preset).answer().is_some()) else {
            panic!("{id} asks in no preset");
        };
        choose(browser, ".figure-tools [data-preset]", &preset.to_string()).await;
        browser.click("[data-do=play]").await;
        assert_eq!((shown(browser, id).await.at, count(browser, "[data-playing]").await), (0, 0), "{id} waits");
        let asked_of = ".figure-guess :is(input, button):focus";
        assert_eq!(count(browser, asked_of).await, 1, "{id}: the question has the focus");

        let answer = Player::new(spec, preset).answer().expect("it asks").value;
        let wrong = match asked.answers {
            Answers::Order { items, .. } => return order_is_guessed(browser, id, items.len()).await,
            Answers::Choice(choices) => (answer + 1) % choices.len() as u32,
            Answers::Number { most, .. } => {
                if answer < most {
                    answer + 1
                } else {
                    answer - 1
                }
            }
        };
        match asked.answers {
            Answers::Choice(_) => {
                focus(browser, &format!(".figure-guess input[value='{}']", (wrong + 1) % 2)).await;
                let check = format!("document.querySelector(\".figure-guess input[value='{wrong}']\").checked = true");
                browser.run(&check, &[]).await;
            }
            Answers::Number { .. } | Answers::Order { .. } => browser.press(&wrong.to_string()).await,
        }
        browser.press(ENTER).await;
        assert_eq!(count(browser, "[data-do=play]:focus").await, 1, "{id}: the way is free");
        assert_eq!(count(browser, ".guess-told.known").await, 0, "{id}: nothing is told before the end");
        browser.press(END).await;
        let mut native = Player::new(spec, preset);
        native.seek(native.steps());
        assert_eq!(text(browser, ".guess-told").await, native.gap(wrong));
        assert_eq!(text(browser, ".figure-say .gap").await, native.gap(wrong), "{id}: it is said aloud");
        // Told once; and asked anew when the run has another set-up.
        browser.press(LEFT).await;
        browser.press(END).await;
        assert_eq!(text(browser, ".figure-say .gap").await, "");
        browser.click("[data-do=reset]").await;
        let asks = player(&shown(browser, id).await.state).answer().is_some();
        assert_eq!(count(browser, ".figure-guess:not([hidden]) .guess-tools:not([hidden])").await, u64::from(asks));
    });
}

/// The first action that makes sense at the page's state.
fn possible(spec: &'static FigureSpec, state: &str) -> Option<char> {
    let player = player(state);
    spec.actions.iter().map(|action| action.letter).find(|&letter| player.can(letter))
}

#[test]
fn acting_in_the_past_keeps_the_old_run_in_sight() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let start = shown(browser, id).await;
        browser.click("[data-do=step]").await;
        let before = shown(browser, id).await;
        let Some(letter) = possible(spec, &before.state) else { return };
        browser.click(&format!("[data-act={letter}]")).await;
        let mut native = player(&before.state);
        assert!(native.act(letter));
        let forked = shown(browser, id).await;
        assert_eq!((forked.at, forked.state), (2, native.state()), "{id}");
        agrees(browser, id).await;
        if !native.forked() {
            return;
        }
        let ticks = native.left_ticks().len();
        assert_eq!(count(browser, ".scrub .left").await > 0, ticks > 0, "{id}: {ticks} ticks are left");
        browser.click("[data-do=unfork]").await;
        assert_eq!(shown(browser, id).await.steps, start.steps);
        assert_eq!(count(browser, ".scrub .left").await, 0);
        browser.click(&format!("[data-act={letter}]")).await;
        browser.click("[data-do=forget]").await;
        assert_eq!(count(browser, ".scrub .left").await, 0);
        assert_eq!(count(browser, ".figure-fork:not([hidden])").await, 0);
        assert_eq!(shown(browser, id).await.state, native.state());
    });
}

/// Whether a picture of the page is the native engine's at that state, whatever the shell adds for its own use.
const SAME_PICTURE: &str = "const shown = document.querySelector(a[0]).cloneNode(true);
  const holder = document.createElement('template');
  holder.innerHTML = a[1];
  const wanted = holder.content.firstElementChild;
  for (const one of [shown, wanted, ...shown.querySelectorAll('g, a'), ...wanted.querySelectorAll('g, a')])
    for (const name of ['role', 'tabindex', 'aria-checked', ...(one.matches('a') ? [] : ['aria-label'])]) one.removeAttribute(name);
  for (const one of shown.querySelectorAll('g')) if (/^(lit)?$/.test(one.className.baseVal)) one.removeAttribute('class');
  return shown.isEqualNode(wanted)";

/// See [`SAME_PICTURE`].
pub(crate) async fn same_picture(browser: &Browser, selector: &str, svg: &str) -> bool {
    browser.run(SAME_PICTURE, &[json!(selector), json!(svg)]).await == json!(true)
}

#[test]
fn two_runs_are_shown_on_one_clock() {
    use sim::telling::story::Layout;
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        browser.click(".figure-knobs summary").await;
        choose(browser, "[data-with]", "1").await;
        let (mut first, mut second) = (Player::new(spec, 0), Player::new(spec, 1));
        for _ in 0..3 {
            browser.click("[data-do=step]").await;
            first.step();
        }
        second.follow(&first);
        let state = format!("{}&with{}", first.state(), &second.state()[id.len()..]);
        assert_eq!(shown(browser, id).await.state, state);
        assert!(same_picture(browser, ".figure-picture svg.wide", &first.page_svg(Layout::Wide)).await, "{state}");
        assert!(same_picture(browser, ".figure-beside svg.wide", &second.page_svg(Layout::Wide)).await, "{state}");
        if count(browser, ".figure-chart").await > 0 {
            let chart = first.page_chart(Layout::Wide, Some(&second));
            assert!(same_picture(browser, ".figure-chart svg.wide", &chart).await, "{state}");
        }
        assert_eq!(text(browser, ".said + .said .sentence").await, second.sentence());

        // A link brings both back.
        let script = format!("return location.hash === '#{state}'");
        browser.until("the address tells both", &script).await;
        browser.visit_afresh(&format!("posts/{id}/#{state}")).await;
        let back = format!("return document.getElementById('{id}').dataset.state === '{state}'");
        browser.until("both are back", &back).await;
        assert!(same_picture(browser, ".figure-beside svg.wide", &second.page_svg(Layout::Wide)).await, "{state}");

        browser.click("[data-do=alone]").await;
        assert_eq!(shown(browser, id).await.state, first.state());
        assert_eq!(count(browser, ".figure-beside:not([hidden])").await, 0);
    });
}

#[test]
fn knobs_turn_in_the_figure_and_in_the_text() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let Some(knob) = spec.knobs.first() else { return };
        let own = spec.presets[0].knobs[0];
        let at = knob.named().iter().position(|option| option.value == own).expect("presets use the knob's options");
        for (index, knob) in spec.knobs.iter().enumerate() {
            for value in knob.some_values() {
                choose(browser, &format!("[data-knob='{index}']:is(select, input)"), &value.to_string()).await;
                let state = shown(browser, id).await.state;
                assert_eq!(player(&state).knob(index), value, "{state}");
            }
            browser.click("[data-do=reset]").await;
        }
        // The number in the text: arrow keys, a press, a drag.
        let value = "return document.querySelector('.knob').getAttribute('aria-valuenow')";
        let option = |index: usize| json!(knob.named()[index].value.to_string());
        focus(browser, ".knob").await;
        browser.press(HOME).await;
        assert_eq!(browser.run(value, &[]).await, option(0), "{id}");
        browser.press(RIGHT).await;
        assert_eq!(browser.run(value, &[]).await, option(1), "{id}");
        browser.press(END).await;
        let last = knob.named().len() - 1;
        assert_eq!(browser.run(value, &[]).await, option(last), "{id}");
        browser.click(".knob").await;
        assert_eq!(browser.run(value, &[]).await, option(0), "{id}: a press turns on, and round");
        browser.drag(".knob", 30.0).await;
        assert_eq!(browser.run(value, &[]).await, option(1), "{id}: a drag turns");
        let state = shown(browser, id).await.state;
        assert_eq!(player(&state).knob(0), knob.named()[1].value, "{state}");
        let menu = "return document.querySelector('select[data-knob]').value";
        assert_eq!(browser.run(menu, &[]).await, option(1), "{id}: the menu follows");
        browser.click("[data-do=reset]").await;
        assert_eq!(browser.run(value, &[]).await, option(at), "{id}");
    });
}

#[test]
fn marks_are_one_stop_and_lead_to_their_frames() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        browser.run("document.querySelector('[data-scrub]').focus()", &[]).await;
        browser.press(END).await;
        let marks = count(browser, "svg.wide [data-n]").await;
        if marks == 0 {
            return;
        }
        assert_eq!(count(browser, ".figure-picture svg.wide [tabindex='0']").await, 1, "{id}");
        assert_eq!(count(browser, ".figure-picture svg.wide[role=group]").await, 1, "{id}");
        focus(browser, "svg.wide [data-n][tabindex='0']").await;
        if marks > 1 {
            browser.press(DOWN).await;
        }
        let goal = browser.run("return document.activeElement.dataset.n", &[]).await;
        browser.press(ENTER).await;
        assert_eq!(json!(shown(browser, id).await.at.to_string()), goal, "{id}");
        agrees(browser, id).await;
    });
}

/// A map's cells are links: one stop, walked in four directions without stepping, and a line below says what a cell is.
#[test]
fn cells_are_walked_and_say_what_they_are() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        let cells = count(browser, ".figure-picture svg.wide a").await;
        assert_eq!(cells > 0, id == "map", "{id}: {cells} cells");
        assert_eq!(count(browser, ".figure-cell").await, u64::from(cells > 0), "{id}");
        if cells == 0 {
            return;
        }
        assert_eq!(count(browser, "svg.wide[role=group] a[tabindex='0']").await, 1, "{id}");
        focus(browser, "svg.wide a[tabindex='0']").await;
        let name = async || {
            let named = browser.run("return document.activeElement.ariaLabel", &[]).await;
            assert_eq!(json!(text(browser, ".figure-cell span").await), named, "{id}");
            named.as_str().unwrap_or_default().to_owned()
        };
        let first = name().await;
        let mut walked = vec![first.clone()];
        for (key, other) in [(RIGHT, true), (DOWN, true), (LEFT, true), (UP, true), (UP, false), (LEFT, false)] {
            browser.press(key).await;
            let now = name().await;
            assert_eq!(walked.last() != Some(&now), other, "{id}: {key:?} leads to {now}");
            walked.push(now);
        }
        assert_eq!(walked.last(), Some(&first), "{id}: round and back");
        assert_eq!(shown(browser, id).await.at, 0, "{id}: walking does not step");
        assert_eq!(count(browser, "svg.wide a[tabindex='0']").await, 1, "{id}");
        // No figure here shows the run behind it: neither a press nor the line below leads anywhere.
        browser.press(ENTER).await;
        assert_eq!(browser.run("return location.hash", &[]).await, json!(""), "{id}");
        assert_eq!(count(browser, ".figure-cell a:not([hidden])").await, 0, "{id}");
    });
}

#[test]
fn what_is_named_lights_up_wherever_it_stands() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        if count(browser, ".sim[data-light]").await == 0 {
            return;
        }
        focus(browser, ".sim[data-light]").await;
        let named = "const name = document.querySelector('.sim[data-light]').dataset.light;
                     return document.querySelectorAll(`sim-figure [data-e=\"${name}\"]`).length";
        let named = browser.run(named, &[]).await;
        assert!(named.as_u64() > Some(0), "{id}: nothing has the name");
        assert_eq!(json!(count(browser, "sim-figure .lit").await), named, "{id}");
        // It stays lit while the figure is stepped from elsewhere, and goes out with the focus.
        browser.run("document.querySelector('sim-figure').draw()", &[]).await;
        assert_eq!(json!(count(browser, "sim-figure .lit").await), named, "{id}");
        focus(browser, "[data-do=step]").await;
        assert_eq!(count(browser, ".lit").await, 0, "{id}");
    });
}

/// The key of the code behind a frame, as the native engine says it; empty where there is none.
fn code_behind(player: &Player) -> String {
    player.source_ref().map_or_else(String::new, |reference| {
        let mut key = Text::new();
        reference.push_key(&mut key);
        key.into_string()
    })
}

#[test]
fn the_code_behind_each_step_has_its_note() {
    // Frame by frame the key that the code bears, and whether there is a note.
    let walk = "const slider = document.querySelector('[data-scrub]');
                return [...Array(a[0] + 1).keys()].map((frame) => {
                  slider.value = frame;
                  slider.dispatchEvent(new Event('input', { bubbles: true }));
                  const key = document.querySelector('.figure-code [aria-current]')?.dataset.src ?? '';
                  return [key, document.querySelector('.figure-source .does').textContent !== ''];
                })";
    for_every_figure(1280, 900, async |browser, spec| {
        for preset in 0..spec.presets.len() {
            let mut native = Player::new(spec, preset);
            choose(browser, ".figure-tools [data-preset]", &preset.to_string()).await;
            let last = native.steps().min(20);
            let expected = (0..=last).map(|frame| {
                native.seek(frame);
                let key = code_behind(&native);
                let noted = !key.is_empty();
                (key, noted)
            });
            let expected: Vec<(String, bool)> = expected.collect();
            assert_eq!(browser.run(walk, &[json!(last)]).await, json!(expected), "{}", native.state());
        }
    });
}

#[test]
fn links_and_tables_can_be_taken_away() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        browser.click("[data-do=step]").await;
        let taken = browser
            .run(
                "const texts = [];
                 Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (t) => texts.push(t) } });
                 document.querySelector('[data-do=copy]').click();
                 const saved = [];
                 URL.createObjectURL = (blob) => (saved.push(blob), 'data:,');
                 for (const kind of ['svg', 'csv']) document.querySelector(`[data-do=${kind}]`).click();
                 return [texts, await Promise.all(saved.map((blob) => blob.text()))]",
                &[],
            )
            .await;
        let native = player(&shown(browser, id).await.state);
        assert_eq!(taken[0], json!([format!("{}/posts/{id}/#{}", browser.site(), native.state())]));
        use sim::telling::story::Layout;
        use sim::telling::svg::Ink;
        assert_eq!(taken[1], json!([native.svg(Layout::Wide, Ink::Light), native.csv()]), "{id}");
    });
}
