//! Each event has a sentence that reads well.

use std::collections::BTreeSet;

use proptest::prelude::{any, prop_assert, proptest};
use sim_wasm::actors::epoch::Drivers;
use sim_wasm::actors::log::Event;
use sim_wasm::telling::narration::tell;
use sim_wasm::words::text::Text;

use crate::golden::golden;
use crate::tried::{drivers, events};

pub(crate) fn sentence(event: &Event, drivers: Drivers) -> String {
    let mut text = Text::new();
    tell(&mut text, event, drivers);
    text.into_string()
}

/// Whether a text has `1` before a word in the plural, or the other way round.
fn counts_wrongly(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(2).any(|pair| {
        let thing = pair[1].trim_end_matches(['.', ',', ':', ';']);
        let one =
            pair[0] == "1" && matches!(thing, "slots" | "pages" | "packets" | "buffers" | "requests" | "operations");
        let many = pair[0].bytes().all(|byte| byte.is_ascii_digit())
            && pair[0] != "1"
            && matches!(thing, "slot" | "page" | "packet" | "buffer" | "key" | "reference" | "operation" | "answer");
        one || many
    })
}

proptest! {
    #[test]
    fn every_event_has_a_sentence(
        count in proptest::prelude::prop_oneof![0_u32..4, any::<u32>()],
        index in any::<u32>(),
        small in any::<u16>(),
        notify in any::<bool>(),
    ) {
        for event in events(count, index, small, notify) {
            for drivers in drivers() {
                let text = sentence(&event, drivers);
                let sound = text.ends_with('.') && text.len() > 20 && !text.contains("  ") && !text.contains("..");
                let begins = text.starts_with(|first: char| first.is_uppercase())
                    || ["dom0", "xend"].iter().any(|name| text.starts_with(name));
                prop_assert!(sound && begins && !counts_wrongly(&text), "{event:?}: {text:?}");
            }
        }
    }
}

/// One sentence of each kind, to be read by a person.
#[test]
fn sentences_read_as_they_did() {
    let mut found = String::new();
    let mut told = BTreeSet::new();
    for count in [3, 1] {
        for event in events(count, 40, 5, true) {
            let text = sentence(&event, Drivers::default());
            if told.insert(text.clone()) {
                found.push_str(&text);
                found.push('\n');
            }
        }
    }
    golden("sentences", &found);
}
