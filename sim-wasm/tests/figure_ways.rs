//! Figure "ways": what it draws is what the machines take.

use sim_wasm::actors::costs::{Costs, Way};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::receive::Receive;
use sim_wasm::actors::log::stack::Stack;
use sim_wasm::actors::log::ways::{Hop, Ways};
use sim_wasm::actors::log::{Event, Who};
use sim_wasm::machine::costs::of_network;
use sim_wasm::machine::emulated_nic::EmulatedNic;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::own_card::{Kind, OwnCard, Signal};
use sim_wasm::machine::ways::{Trial, network_of, spent};
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Layout;

const NAMES: [&str; 5] = ["split", "pv-own", "emulated", "hvm-split", "hvm-own"];
const SIGNALS: [Signal; 3] = [Signal::Line, Signal::Message, Signal::Posted];

/// A run of this load and these weights, at its end: direction, bytes, interrupts, and what an exit weighs. With it go the
/// weights of a hypercall and of a switch that papers have.
fn run([direction, bytes, interrupts, exit]: [u32; 4]) -> Player {
    let size = [60, 1514, 32 * 60, 32 * 1514].iter().position(|size| *size == bytes).expect("a size of the figure's");
    let [hypercall, switch] = if exit == 0 { [0, 0] } else { [1_228, 10_534] };
    weighed([direction + 2 * size as u32 + 8 * interrupts, exit, hypercall, switch])
}

/// A run under these knobs, at its end.
fn weighed(knobs: [u32; 4]) -> Player {
    let mut player = Player::new(figure("ways").expect("the catalogue has it"), 0);
    for (index, value) in knobs.into_iter().enumerate() {
        player.set_knob(index, value);
    }
    player.seek(player.steps());
    player
}

/// What a way has taken: exits, hypercalls, switches, events, interrupts, copies, look-ups.
fn drawn(player: &Player, way: &str) -> [u64; 7] {
    ["exits", "hypercalls", "switches", "events", "interrupts", "copies", "look-ups"].map(|what| {
        let name = format!("{what}-{way}");
        player.quantity(&name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
    })
}

#[test]
fn the_hops_come_to_what_the_machines_take() {
    let mut wrong = Vec::new();
    for direction in [0, 1] {
        for bytes in [60, 1514] {
            for packets in [1, 32] {
                for (interrupts, signal) in (0..).zip(SIGNALS) {
                    let player = run([direction, bytes * packets, interrupts, 0]);
                    let trial = Trial { sends: direction == 0, bytes: bytes as u16, packets: packets as u16, signal };
                    for (way, name) in Way::ALL.into_iter().zip(NAMES) {
                        let took = spent(way, &trial);
                        let costs = took.costs;
                        let taken = columns(&costs, took.requests);
                        if drawn(&player, name) != taken {
                            wrong.push(format!(
                                "{name} in {}: {:?}, took {taken:?} {}",
                                player.state(),
                                drawn(&player, name),
                                costs.guest_interrupts
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Costs as the figure counts them.
fn columns(costs: &Costs, look_ups: u64) -> [u64; 7] {
    let interrupts = costs.guest_interrupts + costs.dom0_interrupts;
    [costs.exits.total(), costs.hypercalls, costs.switches, costs.events, interrupts, costs.copies, look_ups]
}

/// Hops, with what a packet has taken when each was made.
type Sums = Vec<(Hop, [u64; 7])>;

/// What the figure tells of a way.
fn told(player: &mut Player, way: Way, name: &str) -> Sums {
    let events = player.entries().iter().map(|entry| (entry.step, entry.event));
    let hops: Vec<(u32, Hop)> = events
        .filter_map(|(step, event)| match event {
            Event::Ways(Ways::Hopped { way: other, hop }) if other == way => Some((step, hop)),
            _ => None,
        })
        .collect();
    let sum_at = |(step, hop)| {
        player.seek(step);
        (hop, drawn(player, name))
    };
    hops.into_iter().map(sum_at).collect()
}

/// What split drivers take, hop by hop: the log says what was done in what order, and after each appointment of the machine
/// its own counters have to say as much. Interrupts and switches are where another domain than before begins to run; what the
/// guest's kind adds is as `machine::ways` has it.
fn split(trial: &Trial, hvm: bool) -> Sums {
    let mut network = network_of(trial);
    let counted = |network: &Network| of_network(&network.metrics().total().counters, network.log());
    let before = counted(&network);
    let (mut sums, mut read, mut runs) = (Sums::new(), network.log().entries().len(), None);
    let (mut whole, mut done) = (0, false);
    let [mut exits, mut hypercalls, mut switches, mut events, mut interrupts, mut copies] = [0; 6];
    while network.step() {
        for entry in &network.log().entries()[read..] {
            let who = entry.event.who();
            if matches!(who, Who::Guest | Who::Dom0) {
                if runs.is_some_and(|runs| runs != who) {
                    switches += 1;
                    interrupts += 1;
                    exits += u64::from(hvm && who == Who::Guest && trial.signal == Signal::Line);
                }
                runs = Some(who);
            }
            let hop = match entry.event {
                Event::GrantsGiven { .. } => Some(Hop::Granted),
                Event::EventSent { from_guest, .. } => {
                    hypercalls += 1;
                    events += 1;
                    exits += u64::from(hvm && from_guest);
                    Some(if from_guest { Hop::Rang } else { Hop::RangBack })
                }
                Event::RequestsTaken { .. } => Some(Hop::Dom0Woken),
                Event::GrantsMapped { .. } => {
                    hypercalls += 1;
                    None
                }
                Event::HeaderCopied { pages_kept, .. } => {
                    whole += u64::from(pages_kept == 0);
                    copies += u64::from(pages_kept == 0);
                    None
                }
                Event::PacketReceived { .. } => Some(Hop::Mapped),
                Event::DescriptorsPosted { .. } => Some(Hop::CardDriven),
                Event::TransmitDone => {
                    done = true;
                    None
                }
                Event::GrantsUnmapped { .. } => {
                    hypercalls += 1;
                    Some(if done { Hop::Unmapped } else { Hop::Released })
                }
                Event::Stack(Stack::WireReceived { .. }) => Some(Hop::Arrived),
                Event::Receive(Receive::BytesCopied { .. }) => {
                    hypercalls += 1;
                    copies += 1;
                    Some(Hop::Copied)
                }
                Event::ResponsesReaped { .. } | Event::Receive(Receive::AnswersTaken { .. }) => Some(Hop::GuestWoken),
                _ => None,
            };
            sums.extend(hop.map(|hop| (hop, [exits, hypercalls, switches, events, interrupts, copies, 0])));
        }
        let told = network.log().entries().len() > read;
        read = network.log().entries().len();
        let [_, calls, _, sent, upcalls, copied, _] = columns(&counted(&network).since(&before), 0);
        assert_eq!([calls, sent, copied + whole], [hypercalls, events, copies], "{trial:?} after {:?}", sums.last());
        // An upcall is counted when it is taken, and told by what is done then.
        assert!(upcalls == interrupts || !told, "{trial:?} after {:?}: {upcalls}", sums.last());
    }
    sums
}

/// What a machine takes, hop by hop, and hops of the figure's that it has not by themselves.
fn measured(way: Way, trial: &Trial) -> (Sums, &'static [Hop]) {
    let packet = vec![0x5A; usize::from(trial.bytes)];
    let own = |kind| {
        let mut machine = OwnCard::new(kind, trial.signal);
        if trial.sends {
            machine.transmit(&packet)
        } else {
            machine.receive(&packet)
        };
        machine.hops().iter().map(|(hop, spent)| (*hop, columns(&spent.costs, spent.requests))).collect()
    };
    match way {
        Way::Split => (split(trial, false), &[]),
        Way::HvmSplit => (split(trial, true), &[]),
        Way::PvOwn => (own(Kind::Pv), &[]),
        Way::HvmOwn => (own(Kind::Hvm), if trial.signal == Signal::Posted { &[] } else { &[Hop::Interrupted] }),
        Way::Emulated => {
            let mut machine = EmulatedNic::new(Release::Xen33);
            let took = if trial.sends { machine.transmit(&packet) } else { machine.receive(&packet) };
            took.expect("the guest took everything before");
            let sums = machine.hops().iter().map(|(hop, costs)| (*hop, columns(costs, 0)));
            (sums.collect(), &[Hop::Arrived, Hop::CardDriven])
        }
    }
}

/// The figure's running sums are the machines', hop by hop and in their order.
///
/// Not seen: an HVM guest's own card interrupts and is handled in one call of Xen's, unless the interrupt is posted, so what
/// either takes alone; dom0's own card behind an emulated one, which takes nothing in the figure and is not in the machine; and
/// the exits of an HVM guest with a front end, which no machine runs: they are put where that guest makes its hypercalls and
/// takes its upcalls.
#[test]
fn each_hop_takes_what_the_machine_takes_there() {
    for direction in [0, 1] {
        for bytes in [60, 1514] {
            for (interrupts, signal) in (0..).zip(SIGNALS) {
                let mut player = run([direction, bytes, interrupts, 0]);
                let trial = Trial { sends: direction == 0, bytes: bytes as u16, packets: 1, signal };
                for (way, name) in Way::ALL.into_iter().zip(NAMES) {
                    let mut told = told(&mut player, way, name);
                    let (taken, unseen) = measured(way, &trial);
                    assert_eq!(told.last().map(|(_, sum)| *sum), taken.last().map(|(_, sum)| *sum));
                    if way == Way::Emulated {
                        let sums = [&[(Hop::Asked, [0; 7])], &told[..]].concat();
                        let alone = sums.windows(2).filter(|pair| unseen.contains(&pair[1].0));
                        assert!(alone.into_iter().all(|pair| pair[0].1 == pair[1].1), "{name}: they take nothing");
                    }
                    told.retain(|(hop, _)| !unseen.contains(hop));
                    assert_eq!(told, taken, "{name} in {}", player.state());
                }
            }
        }
    }
}

#[test]
fn a_way_that_has_arrived_waits_for_the_others() {
    let mut player = run([0, 1514, 1, 0]);
    let mut before = NAMES.map(|_| [0; 7]);
    for step in 0..=player.steps() {
        player.seek(step);
        let now = NAMES.map(|name| drawn(&player, name));
        assert!(now.iter().flatten().zip(before.iter().flatten()).all(|(now, before)| now >= before), "step {step}");
        before = now;
    }
    assert_eq!(before[4], [2, 0, 0, 0, 1, 0, 3]);
    // To send, neither kind of own card needs anybody: that is so until it interrupts.
    player.seek(3);
    assert_eq!([drawn(&player, "pv-own"), drawn(&player, "hvm-own")], [[0, 0, 0, 0, 0, 0, 3]; 2]);
}

/// Least first; and two that take as many may stand either way.
#[test]
fn the_answer_is_the_order_by_exits() {
    for (knobs, exits) in [
        ([0, 1514, 1, 0], [0, 0, 6, 1, 2]),
        ([1, 1514, 1, 0], [0, 0, 13, 0, 2]),
        ([0, 32 * 60, 1, 0], [0, 0, 192, 1, 64]),
        ([1, 1514, 2, 0], [0, 0, 13, 0, 0]),
    ] {
        let player = run(knobs);
        assert_eq!(NAMES.map(|way| drawn(&player, way)[0]), exits, "{knobs:?}");
        let mut right = 0;
        for order in orders() {
            let guess = order.iter().fold(0, |number, item| number * 10 + *item as u32);
            let gap = player.gap(guess);
            assert_eq!(gap.contains("So it is. "), order.is_sorted_by_key(|item| exits[*item]), "{gap}");
            assert!(gap.starts_with("Your order: ") && gap.contains("; HVM, emulated card "), "{gap}");
            right += usize::from(gap.contains("So it is. "));
        }
        assert!(right > 1, "some take as many as others");
        let answer = player.answer().expect("it asks").value;
        assert!(player.gap(answer).contains("So it is. "));
    }
    // No order of five at all: nothing to say.
    for guess in [0, 1, 11_234, 43_215, 98_765, u32::MAX] {
        assert_eq!(run([0, 1514, 1, 0]).gap(guess), "", "{guess}");
    }
    let player = run([0, 1514, 1, 0]);
    assert!(player.gap(20_134).contains("Pairs that stand the other way round: 4 of 10. "), "{}", player.gap(20_134));
}

/// All orders of five.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..5 {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let left = (0..5).filter(|item| !order.contains(item)).collect::<Vec<_>>();
                left.into_iter().map(move |item| [order.as_slice(), &[item]].concat())
            })
            .collect();
    }
    orders
}

#[test]
fn links_of_former_times_lead_where_they_led() {
    for (old, now) in [
        ("ways=v1.send.k1-60.n15", "ways=v1.send.k4-8.n15"),
        ("ways=v1.burst.k0-1.k1-1920.k2-2.n5", "ways=v1.burst.k4-21.n5"),
        ("ways=v1.weighed.k3-3963.n15", "ways=v1.weighed.k5-3963.n15"),
        ("ways=v1.weighed.k3-0.n15", "ways=v1.weighed.k5-0.k6-0.k7-0.n15"),
        ("ways=v1.send.k3-761.n15", "ways=v1.send.k5-761.k6-1228.k7-10534.n15"),
        ("ways=v1.posted.n5", "ways=v1.posted.n5"),
    ] {
        let player = Player::open(old).unwrap_or_else(|error| panic!("{old}: {error}"));
        assert_eq!(player.state(), now, "{old}");
    }
    assert!(Player::open("ways=v1.send.k3-762.n0").is_err(), "it was a menu");
    assert!(Player::open("ways=v1.send.k5-762.n0").is_ok(), "and is a number");
}

/// Who can move while it runs has no card of its own; and whom nothing bounds is said.
#[test]
fn the_picture_says_who_can_migrate_and_who_is_bounded() {
    for preset in 0..5 {
        let player = Player::new(figure("ways").expect("the catalogue has it"), preset);
        for layout in [Layout::Wide, Layout::Narrow] {
            let picture = player.page_svg(layout);
            let (_, picture) = picture.split_once("</desc>").expect("a picture has a description");
            let row = |name: &str| {
                let start = picture.find(&format!("data-e=\"row-{name}\"")).expect("each way has its row");
                picture[start..].split("</g>").next().expect("a row").to_owned()
            };
            for name in NAMES {
                assert_eq!(row(name).contains(">cannot migrate<"), name.ends_with("own"), "{name}");
                assert_eq!(row(name).contains(">migrates live<"), !name.ends_with("own"), "{name}");
                assert_eq!(row(name).contains("unbounded"), name == "emulated", "{name}");
            }
        }
    }
}

/// Each of the three weights is the reader's: any number, and nothing is weighed without any.
#[test]
fn weights_are_the_readers_own() {
    for weights in [[0, 0, 1], [7, 0, 0], [0, 100_000, 0], [100_000; 3]] {
        for load in [10, 14, 23] {
            let player = weighed([load, weights[0], weights[1], weights[2]]);
            for name in NAMES {
                let [exits, hypercalls, switches, ..] = drawn(&player, name);
                let [exit, hypercall, switch] = weights.map(u64::from);
                let sum = exits * exit + hypercalls * hypercall + switches * switch;
                assert_eq!(player.quantity(&format!("cycles-{name}")), Some(sum), "{}", player.state());
            }
        }
    }
    let cycles = |weights: [u32; 3]| {
        weighed([10, weights[0], weights[1], weights[2]]).page_svg(Layout::Wide).contains("cycles</text>")
    };
    assert!(!cycles([0; 3]) && cycles([0, 0, 1]));
}

/// The weights of a hypercall and of a switch are those that the figure names.
#[test]
fn weights_are_applied_to_exits_hypercalls_and_switches() {
    for exit in [0, 761, 1_266, 3_963] {
        for knobs in [[0, 1514, 1, exit], [1, 60, 0, exit], [0, 32 * 1514, 2, exit]] {
            let player = run(knobs);
            for name in NAMES {
                let [exits, hypercalls, switches, ..] = drawn(&player, name);
                let wanted =
                    if exit == 0 { 0 } else { exits * u64::from(exit) + hypercalls * 1_228 + switches * 10_534 };
                assert_eq!(player.quantity(&format!("cycles-{name}")), Some(wanted), "{name} under {knobs:?}");
            }
        }
    }
    // What lies between the ways is more than what exits weigh on any of those processors.
    for exit in [761, 3_963] {
        let player = run([0, 1514, 1, exit]);
        let cycles = |name: &str| player.quantity(&format!("cycles-{name}"));
        assert!(cycles("emulated") > cycles("split") && cycles("split") > cycles("hvm-own"), "an exit weighs {exit}");
    }
}
