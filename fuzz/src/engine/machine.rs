//! Whole machines: up to three guests, honest or hostile, each generation of drivers, packets of any shape in every
//! direction, and things that go wrong at any time.
//!
//! Checked: nothing panics, a run comes to its end, no level passes its bound, honest drivers deliver every byte as it was,
//! and the same settings give the same run.

use sim_wasm::actors::bridge::BridgePort;
use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb};
use sim_wasm::actors::netfilter::Filter;
use sim_wasm::actors::nic::{CardSettings, Moderation};
use sim_wasm::actors::stack::TapSettings;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{
    Destination, Dom0, Fault, FaultKind, Filling, Guest, Intent, Logging, PacketLayout, Settings, Workload,
};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

use super::bytes::Bytes;

/// When a run ends.
const UNTIL: Time = Time::from_millis(30);
/// Appointments in that time at most: storms of events included.
const MOST_STEPS: u64 = 200_000;

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let settings = settings(&mut bytes);
    let Ok(mut network) = Network::new(&settings) else { return };
    run(&mut network, &settings);
    let honest =
        settings.dom0.intent == Intent::Honest && settings.guests.iter().all(|guest| guest.intent == Intent::Honest);
    if honest {
        assert_eq!(network.receipts().damaged, 0, "honest drivers deliver what was sent");
    }
    if bytes.byte() & 7 == 1 {
        let mut again = Network::new(&settings).expect("the same settings made a machine before");
        run(&mut again, &settings);
        assert_eq!(again.fingerprint(), network.fingerprint(), "the same settings give the same run");
    }
}

fn run(network: &mut Network, settings: &Settings) {
    while network.step() {
        assert!(network.steps_taken() < MOST_STEPS, "a run comes to its end");
        if network.steps_taken().is_multiple_of(32) {
            check(network, settings);
        }
    }
    check(network, settings);
}

fn check(network: &Network, settings: &Settings) {
    let levels = network.levels();
    assert!(levels.outstanding.iter().chain(&levels.posted).all(|slots| *slots <= 256), "{levels:?}");
    let queues = levels.guest_queue.iter().zip(&settings.guests);
    assert!(queues.into_iter().all(|(packets, guest)| *packets <= guest.queue), "{levels:?}");
    assert!(levels.held <= 256 * settings.guests.len() as u32, "{levels:?}");
    assert!(levels.descriptors <= settings.card.descriptors, "{levels:?}");
}

fn settings(bytes: &mut Bytes) -> Settings {
    let (shape, dom0) = (bytes.byte(), bytes.byte());
    let guests: Vec<Guest> = (0..1 + shape % 3).map(|_| guest(bytes)).collect();
    let epoch = [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy][usize::from(dom0 & 15) % 3];
    let outside = (0..shape >> 6).map(|_| workload(bytes)).collect();
    let faults = (0..shape >> 2 & 7).map(|_| fault(bytes)).collect();
    Settings {
        epoch,
        guests,
        dom0: Dom0 {
            intent: if dom0 & 0x30 == 0x10 { Intent::Hostile } else { Intent::Honest },
            back: BackSettings {
                copy_skb: [CopySkb::Never, CopySkb::Always, CopySkb::Delayed][usize::from(dom0 >> 6) % 3],
                rx_flip: true,
                ..BackSettings::of(epoch)
            },
            card_queue: bytes.one_of(&[1000, 3]),
            vif_queue: bytes.one_of(&[32, 1]),
            pages: bytes.one_of(&[2048, 400]),
            ..Dom0::default()
        },
        card: CardSettings {
            transmit: Moderation { delay: u64::from(bytes.byte()) * 1_000, packets: bytes.one_of(&[u32::MAX, 1, 7]) },
            ..CardSettings::e1000(bytes.one_of(&[1000, 10, 10_000]))
        },
        outside,
        faults,
        until: UNTIL,
        seed: bytes.byte().into(),
        log: bytes.one_of(&[Logging::Off, Logging::On, Logging::FromHandshake]),
        filling: Filling::Whole,
        ..Settings::default()
    }
}

fn guest(bytes: &mut Bytes) -> Guest {
    let (habits, more) = (bytes.byte(), bytes.byte());
    let bit = |at: u8| habits & 1 << at != 0;
    Guest {
        front: if bit(0) { FrontEpoch::Modern } else { FrontEpoch::Classic },
        intent: if more & 0xC0 == 0x40 { Intent::Hostile } else { Intent::Honest },
        sends: (0..more & 3).map(|_| workload(bytes)).collect(),
        credit: bit(1).then_some((20_000, 5_000)),
        scatter_gather: !bit(2),
        flip: bit(3),
        rx_notify: !bit(4),
        trusted: !bit(5),
        base: if bit(6) { u32::MAX - 40 } else { 0 },
        queue: if bit(7) { 5 } else { 1000 },
        consumes: u64::from(more >> 2 & 3) * 300_000,
    }
}

fn workload(bytes: &mut Bytes) -> Workload {
    let to = match bytes.byte() % 8 {
        0..=2 => Destination::Outside,
        3 | 4 => Destination::Guest(vif(bytes)),
        5 => Destination::Everybody,
        6 => Destination::Nobody,
        _ => Destination::Dom0,
    };
    let (size, pace) = (bytes.byte(), bytes.byte());
    Workload {
        to,
        bytes: match size {
            small @ 0..=127 => 14 + u32::from(small) * 12,
            large => u32::from(large) * 257,
        },
        layout: match bytes.byte() {
            0..=199 => PacketLayout::PagesLast,
            pieces => PacketLayout::Pieces { head: 14 + u16::from(pieces), piece: 1 + u16::from(bytes.byte()) * 16 },
        },
        gso: if size > 127 && pace & 1 == 0 { 1448 } else { 0 },
        start: Time::from_micros(u64::from(bytes.byte()) * 40),
        every: u64::from(pace) * u64::from(pace) * 20,
        jitter: u64::from(bytes.byte()) * 100,
        burst: 1 + u32::from(bytes.byte() >> 3),
        count: bytes.byte().into(),
    }
}

fn fault(bytes: &mut Bytes) -> Fault {
    let at = Time::from_micros(u64::from(bytes.byte()) * 100);
    let what = match bytes.byte() % 16 {
        0 => FaultKind::StallCard,
        1 => FaultKind::ResumeCard,
        2 => FaultKind::SetFilter(Filter::DROP),
        3 => FaultKind::SetFilter(Filter::without(port(bytes))),
        4 => FaultKind::Tap(port(bytes), TapSettings { hold: u64::from(bytes.byte()) * 10_000, limit: 20 }),
        5 => FaultKind::EndTap(port(bytes)),
        6 => FaultKind::SleepGuest(vif(bytes)),
        7 => FaultKind::WakeGuest(vif(bytes)),
        8 => FaultKind::SqueezeMemory,
        9 => FaultKind::RelieveMemory,
        10 => FaultKind::Unplug(vif(bytes)),
        11 => FaultKind::Plug(vif(bytes)),
        12 => FaultKind::Destroy(vif(bytes)),
        13 => FaultKind::BackAttack(vif(bytes), back_attack(bytes)),
        _ => FaultKind::Attack(vif(bytes), front_attack(bytes)),
    };
    Fault { at, what }
}

fn vif(bytes: &mut Bytes) -> VifId {
    VifId(u16::from(bytes.byte() % 3))
}

fn port(bytes: &mut Bytes) -> BridgePort {
    match bytes.byte() % 4 {
        0 => BridgePort::Card,
        1 => BridgePort::Local,
        _ => BridgePort::Vif(vif(bytes)),
    }
}

fn front_attack(bytes: &mut Bytes) -> FrontAttack {
    let (seed, slots) = (bytes.byte().into(), u16::from(bytes.byte()));
    match bytes.byte() % 20 {
        0 => FrontAttack::ForgeProducer { distance: bytes.u32() },
        1 => FrontAttack::TransmitGarbage { seed, slots },
        2 => FrontAttack::BufferGarbage { seed, slots },
        3 => FrontAttack::ManySlots { further: slots as u8 % 40 },
        4 => FrontAttack::LongSlot,
        5 => FrontAttack::Truncated,
        6 => FrontAttack::CrossesPage,
        7 => FrontAttack::Runt,
        8 => FrontAttack::MissingExtra,
        9 => FrontAttack::UnknownExtra,
        10 => FrontAttack::BadSegmentation,
        11 => FrontAttack::ChangeSize { to: slots },
        12 => {
            let grants = [BadGrant::NeverGiven, BadGrant::BeyondTable, BadGrant::Revoked, BadGrant::ToAnotherDomain];
            let count = 1 + slots as u8 % 19;
            FrontAttack::BadGrant { grant: bytes.one_of(&grants), slots: count, at: bytes.byte() % count }
        }
        13 => FrontAttack::ReadOnlyBuffers,
        14 => FrontAttack::EventStorm { events: u32::from(slots), every: 1_000 },
        15 => FrontAttack::WithholdBuffers { leave: slots % 24 },
        16 => FrontAttack::SplitHeader { piece: 14 + slots as u8 % 50 },
        17 => FrontAttack::TinySlots,
        18 => FrontAttack::EmptySlots { count: slots as u8 % 18 },
        _ => FrontAttack::Longest,
    }
}

fn back_attack(bytes: &mut Bytes) -> BackAttack {
    let (seed, slots) = (bytes.byte().into(), u16::from(bytes.byte()));
    match bytes.byte() % 13 {
        0 => BackAttack::EventStorm { events: u32::from(slots), every: 1_000 },
        1 => BackAttack::AnswerWhileMapped,
        2 => BackAttack::ReadBeside,
        3 => BackAttack::RemoveDevice,
        4 => BackAttack::UnknownId,
        5 => BackAttack::IdTwice,
        6 => BackAttack::ForgeProducer { distance: bytes.u32() },
        7 => BackAttack::ForgeDeliveries { distance: bytes.u32() },
        8 => BackAttack::LongDelivery,
        9 => BackAttack::CrossingDelivery,
        10 => BackAttack::WrongBuffer,
        11 => BackAttack::EndlessDelivery,
        _ => BackAttack::Garbage { seed, slots },
    }
}
