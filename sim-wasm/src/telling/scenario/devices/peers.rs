//! Scenario "peer-to-peer": two cards below one switch, and one writes the other's registers.
//!
//! Not modelled: what registers read as.

use crate::hypervisor::passthrough::options::{Options, Switch, Version};
use crate::machine::given_away::settings::{Act, Payload, Settings, Target};
use crate::machine::given_away::tally::{Count, Landing};
use crate::telling::scenario::devices::{CARD, GUEST, KIND, NEIGHBOURS_CARD, in_turn, kind, machine};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "peer-to-peer",
    title: "Below the unit",
    question: "Does a remapping unit see what one card writes to another below the same switch?",
    presets: &[
        Preset {
            name: "no-access-control",
            says: "The switch sends the request straight down, and no unit sees it.",
            values: &[("switch", 1)],
        },
        Preset { name: "redirected", says: "Ports with access control send it up, where it is blocked.", values: &[] },
        Preset {
            name: "hvm",
            says: "An HVM guest's card hits the neighbour's registers by their machine address.",
            values: &[("switch", 1), ("guest", 1)],
        },
    ],
    knobs: &[
        KIND,
        Knob::choice("switch", "whether its ports offer access control", &["offers it", "does not"]),
        Knob::new("bytes", "bytes that are written", "bytes", [4, 64, 256]).in_steps_of(4),
        Knob::new("times", "how often", "", [1, 1, 7]),
    ],
    metrics: &[
        Metric::GivenAway(Count::Written(Landing::Registers)),
        Metric::GivenAway(Count::Blocked),
        Metric::GivenAway(Count::BlockedByPort),
        Metric::GivenAway(Count::FaultsRecorded),
    ],
    not_modelled: &["requests between root ports", "what the other card does after that"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[guest, switch, bytes, times] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = machine(Options::default_of(Version::Today), kind(guest), true);
    settings.access_control = if switch == 0 { Switch::On } else { Switch::Off };
    let act = Act::Aim(GUEST, CARD, Target::RegistersOf(NEIGHBOURS_CARD), Payload::Packet(bytes as u16));
    settings.acts = in_turn((0..times).map(|_| act));
    settings
}
