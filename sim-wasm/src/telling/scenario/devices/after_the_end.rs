//! Scenario "after-the-end": a guest goes while its card is in the middle of a packet.
//!
//! Not modelled: cards that never end.

use crate::hypervisor::passthrough::options::{GuestKind, Options, Quarantine, Switch, Version, Wanted};
use crate::machine::given_away::settings::{Act, AtReset, Settings};
use crate::machine::given_away::tally::{Count, Landing};
use crate::telling::scenario::devices::{BEGIN, CARD, GUEST, NEIGHBOUR, XEN, in_turn, machine, version};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "after-the-end",
    title: "When the guest is gone",
    question: "Where do the bytes go that a card has under way when its guest is destroyed?",
    presets: &[
        Preset {
            name: "dom0-s",
            says: "Without quarantine the card is dom0's at once, and writes on into memory that is anybody's (XSA-302).",
            values: &[("quarantine", 2)],
        },
        Preset { name: "nobody-s", says: "In quarantine its requests are blocked.", values: &[] },
        Preset {
            name: "scratch-page",
            says: "For cards that stumble over blocked requests there is one page that is nobody's.",
            values: &[("quarantine", 1)],
        },
        Preset {
            name: "heeds-its-reset",
            says: "A card that stops when it is reset writes nothing in either case, if somebody resets it.",
            values: &[("quarantine", 2), ("card", 1)],
        },
    ],
    knobs: &[
        XEN,
        Knob::choice("quarantine", "what a card sees that was taken from a guest", &["nothing", "one page", "dom0's"]),
        Knob::choice("end", "how the guest ends", &["destroyed by the toolstack", "dies by itself"]),
        Knob::choice("card", "what the card does when it is reset", &["finishes its packet", "stops"]),
        Knob::choice("neighbour", "what the neighbour does meanwhile", &["nothing", "takes a page that is free"]),
        Knob::new("request", "between two requests of the card", "ms", [1, 50, 200]),
        Knob::new("when", "from the packet's beginning to the guest's end", "ms", [0, 320, 3_000]).in_steps_of(20),
    ],
    metrics: &[
        Metric::GivenAway(Count::Written(Landing::Own)),
        Metric::GivenAway(Count::WrittenLate),
        Metric::GivenAway(Count::Written(Landing::Nobody)),
        Metric::GivenAway(Count::Written(Landing::Neighbour)),
        Metric::GivenAway(Count::Written(Landing::Xen)),
        Metric::GivenAway(Count::Blocked),
        Metric::GivenAway(Count::FaultsRecorded),
    ],
    not_modelled: &["who gets the guest's pages next, but for one page of a neighbour's"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[xen, quarantine, end, card, neighbour, request, when] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut options = Options::default_of(version(xen));
    if options.version == Version::Xen33 {
        // The card is to be the guest's, and goes back to dom0 in any case.
        options.wanted = Wanted::Yes;
        options.pv = Switch::On;
    } else {
        options.quarantine = match quarantine {
            0 => Quarantine::Basic,
            1 => Quarantine::ScratchPage,
            _ => Quarantine::No,
        };
    }
    let mut settings = machine(options, GuestKind::Pv, false);
    settings.cards[usize::from(CARD.0)].at_reset = if card == 0 { AtReset::Finishes } else { AtReset::Stops };
    settings.delays.request = u64::from(request) * 1_000_000;
    settings.acts = in_turn([Act::Arrive(CARD, 4_096)]);
    let time = BEGIN + u64::from(when) * 1_000_000;
    settings.acts.push((time, if end == 0 { Act::Destroy(GUEST) } else { Act::Die(GUEST) }));
    if neighbour == 1 {
        settings.acts.push((BEGIN, Act::GiveUpPage(NEIGHBOUR, 3)));
        settings.acts.push((time + settings.delays.request * 8, Act::TakePage(NEIGHBOUR, 3)));
    }
    settings
}
