//! Texts that name no frame: each is refused with a reason, and none does harm.

mod golden;

use std::fmt::Write as _;

use golden::golden;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::telling::catalogue;
use sim_wasm::telling::link::{MOST_BYTES, MOST_INPUTS};
use sim_wasm::telling::player::Player;

/// Texts with something wrong in each, in the order of reading.
fn wrong() -> Vec<String> {
    let plain = [
        "",
        "ring",
        "ring=",
        "ring=v1",
        "ring=v1.",
        "ring=v2.burst.n0",
        "ring=burst.n0",
        "=v1.burst.n0",
        "nothing=v1.burst.n0",
        "ring=v1.nothing.n0",
        "ring=v1.BURST.n0",
        "ring=v1.burst.n99",
        "ring=v1.burst.n01",
        "ring=v1.burst.n-1",
        "ring=v1.burst.n+1",
        "ring=v1.burst.n",
        "ring=v1.burst.n4294967296",
        "ring=v1.burst.n99999999999999999999999999",
        "ring=v1.burst.n1.n1",
        "ring=v1.burst.n1.e0",
        "ring=v1.burst.n0.e1",
        "ring=v1.burst.n5.e9",
        "ring=v1.burst.n5.e1.e1",
        "ring=v1.burst.k0-7.n0",
        "ring=v1.burst.k9-8.n0",
        "ring=v1.burst.k0.n0",
        "ring=v1.burst.k-8.n0",
        "ring=v1.burst.k0-.n0",
        "ring=v1.burst.k0-32.k0-8.n0",
        "ring=v1.burst.k4294967296-8.n0",
        "ring=v1.burst.i1-z.n0",
        "ring=v1.burst.i0-p.n0",
        "ring=v1.burst.i3-.n0",
        "ring=v1.burst.i3.n0",
        "ring=v1.burst.i9-pp.i3-u.n0",
        "ring=v1.burst.i3-p.i3-u.n0",
        "ring=v1.burst.i4000-p.n0",
        "ring=v1.burst.i4-u.i9-p.n0",
        "ring=v1.burst.i4294967295-pppp.n0",
        "ring=v1.burst.i2-g.n0",
        "ring=v1.burst.é.n0",
        "ring=v1.burst.n0 ",
        "ring=v1.burst.n0\n",
        "ring=v1.burst..n0",
        "ring=v1.burst.n0.",
        "ring=v1.burst.x.n0",
        "ring=v1.burst.thispartismuchlongerthananypartshouldbeandisclipped.n0",
        "packet=v1.full-size.i1-p.n0",
        "packet=v1.full-size.k0-55.n0",
        "packet=v1.full-size.k4-1.n0",
        "packet=v1.full-size.oabc.n0",
        "migration=v1.in-order.o.n0",
        "migration=v1.in-order.ofucsp.n0",
        "migration=v1.in-order.ofucspf.n0",
        "migration=v1.in-order.oufcspb.oufcspb.n0",
        "migration=v1.in-order.oufcspb.n99",
        "dma=v1.blocked.k1-9.n0",
        "dma=v1.blocked.k4-32.n0",
        "dma=v1.blocked.k6-0.n0",
        "dma=v1.never-was.n0",
        "dma=v1.teardown.k0-4.n0",
    ];
    let mut texts: Vec<String> = plain.map(str::to_owned).to_vec();
    texts.push(format!("ring=v1.burst.i1-{}.n0", "p".repeat(MOST_INPUTS + 1)));
    texts.push(format!("ring=v1.burst.n{}", "0".repeat(MOST_BYTES)));
    texts
}

fn reason(text: &str) -> String {
    match Player::open(text) {
        Ok(player) => panic!("{text:?} names {}", player.state()),
        Err(error) => error.to_string(),
    }
}

/// What readers and authors are told.
#[test]
fn every_wrong_text_has_its_reason() {
    let mut found = String::new();
    for text in wrong() {
        let shown: String = text.chars().take(60).collect();
        writeln!(found, "{shown:?}: {}", reason(&text)).expect("text grows");
    }
    golden("links", &found);
}

#[test]
fn reasons_are_short_sentences_without_capital_and_full_stop() {
    for text in wrong() {
        let reason = reason(&text);
        assert!(reason.len() < 200 && !reason.ends_with('.'), "{reason}");
        assert!(!reason.starts_with(char::is_uppercase), "{reason}");
    }
}

/// What can be in an address fits into what is read: as many actions as there may be, each knob turned.
#[test]
fn the_longest_state_is_read() {
    let mut player = Player::new(catalogue()[0], 0);
    player.set_knob(0, 256);
    player.set_knob(1, 0xffff_fff0);
    while ['p', 'u', 't', 'r', 'v', 'g'].into_iter().any(|letter| player.act(letter)) {}
    assert_eq!(player.steps() as usize, MOST_INPUTS);
    let state = player.state();
    assert!(state.len() * 4 < MOST_BYTES, "{} bytes", state.len());
    assert_eq!(Player::open(&state).expect("it names a frame").hash(), player.hash());
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_name_a_state(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(player) = Player::open(&text) {
            prop_assert_eq!(Player::open(&player.state()).map(|again| again.hash()).ok(), Some(player.hash()));
        }
    }

    /// A sound text with one place damaged: it names a frame again, or is refused; and what it names can be named.
    #[test]
    fn a_damaged_text_does_no_harm(
        place in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
        byte in 0x20_u8..0x7f,
        sound in proptest::sample::select(vec![
            "ring=v1.burst.i4-u.n4",
            "ring=v1.stops.k0-32.k1-4294967280.i3-pput.n5.e2",
            "packet=v1.large.k1-2.k3-1.n9",
            "migration=v1.busy-guest.k2-100.oufcspb.n7",
            "dma=v1.wrong-page.k1-4.n3",
        ]),
    ) {
        let mut text = sound.to_owned();
        let at = place.index(text.len());
        if cut {
            text.truncate(at);
        } else {
            text.replace_range(at..=at, &char::from(byte).to_string());
        }
        if let Ok(player) = Player::open(&text) {
            let state = player.state();
            let again = Player::open(&state);
            prop_assert!(again.is_ok(), "{text}: {again:?}");
            prop_assert_eq!(again.expect("just checked").hash(), player.hash());
        }
    }
}
