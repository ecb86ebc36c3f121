//! Scenario "card-reach": a paravirtual guest's driver points its card at memory that is not its own.
//!
//! Not modelled: Arm's and AMD's units.

use crate::hypervisor::passthrough::options::{GuestKind, Options, Switch, Version, Wanted};
use crate::machine::given_away::settings::{Act, Payload, Settings, Target};
use crate::machine::given_away::tally::{Count, Landing};
use crate::telling::scenario::devices::{CARD, GUEST, NEIGHBOUR, UNIT, XEN, in_turn, machine, version};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "card-reach",
    title: "What a card reaches",
    question: "Whose memory does a paravirtual guest's own card reach?",
    presets: &[
        Preset {
            name: "no-unit",
            says: "Without a remapping unit a descriptor reaches every frame of the machine.",
            values: &[("unit", 1)],
        },
        Preset {
            name: "not-for-pv",
            says: "Xen 3.3 with `iommu=1` and without `pv`: the card stays in dom0's tables, and only Xen's heap is safe.",
            values: &[("xen", 1), ("iommu", 2)],
        },
        Preset {
            name: "for-pv",
            says: "Xen 3.3 with `iommu=1,pv`: the tables hold the guest's own pages.",
            values: &[("xen", 1), ("iommu", 3)],
        },
        Preset { name: "today", says: "Today's Xen with its defaults: nothing outside is reached.", values: &[] },
    ],
    knobs: &[
        XEN,
        UNIT,
        Knob::choice("iommu", "what Xen was told at boot", &["nothing", "off", "1", "1,pv"]),
        Knob::choice("target", "where the descriptor points", &["neighbour", "dom0", "xen", "own"]),
        Knob::choice("direction", "what the card does there", &["writes", "reads"]),
        Knob::new("bytes", "bytes of the packet", "bytes", [60, 1_514, 4_096]),
    ],
    metrics: &[
        Metric::GivenAway(Count::Written(Landing::Own)),
        Metric::GivenAway(Count::Written(Landing::Neighbour)),
        Metric::GivenAway(Count::Written(Landing::Dom0)),
        Metric::GivenAway(Count::Written(Landing::Xen)),
        Metric::GivenAway(Count::Read(Landing::Neighbour)),
        Metric::GivenAway(Count::Read(Landing::Dom0)),
        Metric::GivenAway(Count::Blocked),
        Metric::GivenAway(Count::FaultsRecorded),
        Metric::GivenAway(Count::Unassigned),
    ],
    not_modelled: &["what the attacker does with what it reads", "units of other makers"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[xen, unit, iommu, target, direction, bytes] = values else {
        unreachable!("there is one value for each knob");
    };
    let version = version(xen);
    let mut options = Options::default_of(version);
    match iommu {
        0 => {}
        1 => options.wanted = Wanted::No,
        choice => {
            options.wanted = Wanted::Yes;
            if version == Version::Xen33 && choice == 3 {
                options.pv = Switch::On;
            }
        }
    }
    let mut settings = machine(options, GuestKind::Pv, false);
    settings.unit = settings.unit.filter(|_| unit == 0);
    let target = match target {
        0 => Target::PageOf(NEIGHBOUR, 3),
        1 => Target::PageOfDom0(3),
        2 => Target::XenHeap(5),
        _ => Target::PageOf(GUEST, 3),
    };
    settings.acts = in_turn([match direction {
        0 => Act::Aim(GUEST, CARD, target, Payload::Packet(bytes as u16)),
        _ => Act::Peek(GUEST, CARD, target, bytes as u16),
    }]);
    settings
}
