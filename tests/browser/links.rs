//! States as texts: the browser's engine and the native one mean the same by them, and an address brings back what its
//! sender saw.

use serde_json::json;
use sim::telling::player::Player;
use sim::telling::story::{FigureSpec, Layout};

use crate::controls::same_picture;
use crate::figures::{choose, for_every_figure, page, player, shown};

/// Every preset with every setting of every knob, or some of a number, with its steps the other way round, and runs with
/// actions in them.
fn states(spec: &'static FigureSpec) -> Vec<String> {
    let mut states = Vec::new();
    for preset in 0..spec.presets.len() {
        states.push(Player::new(spec, preset).state());
        for (index, knob) in spec.knobs.iter().enumerate() {
            for value in knob.some_values() {
                let mut player = Player::new(spec, preset);
                player.set_knob(index, value);
                states.push(player.state());
            }
        }
        if spec.order.is_some() {
            let mut player = Player::new(spec, preset);
            let backwards: String = player.order().chars().rev().collect();
            player.set_order(&backwards);
            player.seek(player.steps());
            states.push(player.state());
        }
        let mut player = Player::new(spec, preset);
        for turn in 0..90_usize {
            if turn % 7 == 6 {
                player.seek(player.steps() / 2);
            }
            let letters =
                (0..spec.actions.len()).map(|offset| spec.actions[(turn * 5 + offset) % spec.actions.len()].letter);
            let acted = letters.into_iter().any(|letter| player.act(letter));
            if acted && turn % 5 == 0 {
                states.push(player.state());
            }
        }
    }
    states
}

/// One number for every record of a run, its text version and the picture of the frame (FNV-1a, 32 bits): a page has no hash
/// of its log, which would take more room there than it is worth to a reader.
fn digest(player: &Player) -> u32 {
    let told = player.csv() + &player.rows() + &player.page_svg(Layout::Wide);
    told.bytes().fold(2_166_136_261, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}

#[test]
fn native_and_browser_runs_tell_and_show_the_same() {
    for_every_figure(1280, 900, async |browser, spec| {
        let states = states(spec);
        assert!(states.len() >= spec.presets.len(), "{} states", states.len());
        let native: Vec<u32> = states.iter().map(|state| digest(&player(state))).collect();
        let differing = browser
            .run(
                "const { Figure } = await import(document.querySelector('sim-figure').dataset.module);
                 const digest = (text) =>
                   new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261);
                 return a[0].filter((state, at) => {
                   const figure = Figure.open(state);
                   return digest(figure.csv() + figure.rows() + figure.svg(false)) !== a[1][at];
                 })",
                &[json!(states), json!(native)],
            )
            .await;
        assert_eq!(differing, json!([]));
    });
}

/// The address is told a moment after the reader has come to rest. Whoever changed it within that moment wins: a link that was
/// followed is not forgotten on a busy page.
#[test]
fn an_address_that_changed_meanwhile_is_left_alone() {
    for_every_figure(1280, 900, async |browser, spec| {
        // A timer that is set later and waits as long comes later.
        let meanwhile = "document.querySelector('[data-do=step]').click();
          history.pushState(null, '', '#elsewhere');
          await new Promise((next) => setTimeout(next, 150));
          return location.hash";
        assert_eq!(browser.run(meanwhile, &[]).await, json!("#elsewhere"), "{}", spec.name);
        browser.click("[data-do=step]").await;
        let told = format!("return location.hash.startsWith('#{}=')", spec.name);
        browser.until("the address tells the next state", &told).await;
    });
}

#[test]
fn a_link_restores_what_its_sender_saw() {
    for_every_figure(1280, 900, async |browser, spec| {
        let id = spec.name;
        browser.click("[data-do=step]").await;
        let act = "document.querySelector('[data-act]:not([aria-disabled=true])')?.click()";
        for _ in 0..3 {
            browser.run(act, &[]).await;
        }
        let state = shown(browser, id).await.state;
        browser.until("the address tells the state", &format!("return location.hash === '#{state}'")).await;

        let restored = format!("return document.getElementById('{id}').dataset.state === '{state}'");
        browser.visit_afresh(&format!("{}#{state}", page(spec))).await;
        browser.until("the state is back", &restored).await;
        let svg = player(&state).page_svg(Layout::Wide);
        assert!(same_picture(browser, ".figure-picture svg.wide", &svg).await, "{state}");

        // Mail programs write some signs in another way, and strangers write nonsense: that changes nothing.
        browser.visit_afresh(&format!("{}#{}", page(spec), state.replace('.', "%2E"))).await;
        browser.until("the state is back", &restored).await;
        let followed = format!(
            "await new Promise((next) => {{
               addEventListener('hashchange', next, {{ once: true }});
               location.hash = '#{id}=v1.nonsense.n3';
             }})"
        );
        browser.run(&followed, &[]).await;
        assert_eq!(shown(browser, id).await.state, state);
        let preset = spec.presets[0].name;
        for nonsense in ["oab.n0", "o", "k0-4294967295.n0", "k31-1", "k99-1", "i1-~.n1", "n4294967295", "e1", "x", ""] {
            // A module that broke down would reject this.
            let restore = format!("await document.getElementById('{id}').restore('v1.{preset}.{nonsense}')");
            browser.run(&restore, &[]).await;
            assert_eq!(shown(browser, id).await.state, state, "{nonsense:?} is no state");
        }

        // A frame of the film is a link as well, and the film is that of the run that is shown.
        browser.click("[data-do=reset]").await;
        browser.click(".figure-film li:nth-child(2) a").await;
        let frame = spec.presets[0].film[1].0;
        let there = format!("return document.getElementById('{id}').dataset.at === '{frame}'");
        browser.until("the film's frame is shown", &there).await;
        choose(browser, ".figure-tools [data-preset]", "1").await;
        let captions = "return [...document.querySelectorAll('.figure-film span')].map((span) => span.textContent)";
        let expected: Vec<&str> = spec.presets[1].film.iter().map(|(_, caption)| *caption).collect();
        assert_eq!(browser.run(captions, &[]).await, json!(expected), "{id}");
    });
}
