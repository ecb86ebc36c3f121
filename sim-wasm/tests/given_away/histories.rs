//! Histories, drawn: cards come and go, packets arrive, pages change, guests attack and die at any moment, and after every
//! step of the machine the [rules](crate::invariants) hold.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Options, Quarantine, Switch, Version, Wanted};
use sim_wasm::hypervisor::vtd::capabilities::{
    CAP_48_BIT, CAP_CM, CAP_POSTING, CAP_PSI, CAP_RWBF, Capabilities, ECAP_COHERENT, ECAP_QUEUED,
};
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::settings::{
    Act, AtReset, CardId, CardSettings, GuestId, GuestSettings, Messages, Payload, Reserved, Settings, Stands, Target,
};
use sim_wasm::words::time::Time;

use crate::invariants::{Watch, are_neighbours, check_end};

fn guest() -> impl Strategy<Value = GuestId> {
    (0_u8..3).prop_map(GuestId)
}

fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}

fn card() -> impl Strategy<Value = CardId> {
    (0_u8..3).prop_map(CardId)
}

/// A guest and a card, more often than not the one that it boots with.
fn pair() -> impl Strategy<Value = (GuestId, CardId)> {
    prop_oneof![4 => (0_u8..3).prop_map(|number| (GuestId(number), CardId(number))), 1 => (guest(), card())]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        3 => (guest(), 0_u16..16).prop_map(|(guest, page)| Target::PageOf(guest, page)),
        1 => (0_u16..40).prop_map(Target::PageOfDom0),
        1 => (0_u16..8).prop_map(Target::XenHeap),
        2 => card().prop_map(Target::RegistersOf),
        2 => card().prop_map(Target::TableOf),
        2 => card().prop_map(Target::ReservedFor),
        1 => Just(Target::Interrupts),
        1 => (0_u64..800).prop_map(|page| Target::Address(page << 12 | 0xF80)),
    ]
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        2 => (1_u16..5_000).prop_map(Payload::Packet),
        1 => any::<u32>().prop_map(Payload::Word),
        1 => (0x30_u32..0x40).prop_map(Payload::Word),
    ]
}

/// Registers: entries of a table more often than others.
fn register() -> impl Strategy<Value = u16> {
    prop_oneof![3 => Just(0x100C), 2 => 0x1000_u16..0x1050, 1 => any::<u16>()]
}

fn word() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..2, 1 => Just(0xFEE0_0000), 1 => 0x50_u32..0x60, 1 => any::<u32>()]
}

/// Pages where an HVM guest may put registers, where it has no memory: some of them are reserved for cards.
fn place() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 762_u32..774, 1 => (0x000F_3000_u32..0x000F_3020).prop_map(|page| page & !3)]
}

/// Regions for one card or several.
fn reserved() -> impl Strategy<Value = Vec<Reserved>> {
    let region = (1_u8..3, prop_oneof![3 => vec(card(), 1), 1 => vec(card(), 2)], any::<bool>(), any::<bool>());
    vec(region, 0..4).prop_map(|regions| {
        let made = regions.into_iter().map(|(pages, mut cards, usb, in_use)| {
            cards.dedup();
            Reserved { pages, cards, usb: switch(usb), in_use: switch(in_use) }
        });
        made.collect()
    })
}

fn card_settings() -> impl Strategy<Value = CardSettings> {
    (any::<bool>(), 0_u8..3, 0_u8..5).prop_map(|(stops, table, stands)| CardSettings {
        at_reset: if stops { AtReset::Stops } else { AtReset::Finishes },
        messages: if table == 0 { Messages::Msi } else { Messages::MsiX },
        stands: if stands == 0 { Stands::BehindBridge } else { Stands::Alone },
    })
}

fn act() -> impl Strategy<Value = Act> {
    let page = 0_u16..30;
    prop_oneof![
        1 => card().prop_map(Act::MakeAssignable),
        3 => pair().prop_map(|(guest, card)| Act::Plug(guest, card)),
        2 => pair().prop_map(|(guest, card)| Act::Unplug(guest, card)),
        1 => card().prop_map(Act::GiveBack),
        1 => guest().prop_map(Act::Destroy),
        1 => guest().prop_map(Act::Die),
        7 => (card(), 0_u16..5_000).prop_map(|(card, bytes)| Act::Arrive(card, bytes)),
        4 => (pair(), 0_u16..5_000).prop_map(|((guest, card), bytes)| Act::Send(guest, card, bytes)),
        4 => (pair(), target(), payload()).prop_map(|((guest, card), to, what)| Act::Aim(guest, card, to, what)),
        1 => (pair(), target()).prop_map(|((guest, card), to)| Act::Point(guest, card, to)),
        2 => (pair(), target(), 1_u16..5_000)
            .prop_map(|((guest, card), at, bytes)| Act::Peek(guest, card, at, bytes)),
        5 => (pair(), register(), word())
            .prop_map(|((guest, card), at, value)| Act::Touch(guest, card, at, value)),
        2 => (pair(), place()).prop_map(|((guest, card), page)| Act::Move(guest, card, page)),
        3 => (guest(), page.clone()).prop_map(|(guest, page)| Act::GiveUpPage(guest, page)),
        3 => (guest(), page.clone()).prop_map(|(guest, page)| Act::TakePage(guest, page)),
        2 => (guest(), page, any::<bool>())
            .prop_map(|(guest, page, on)| Act::Retype(guest, page, switch(on))),
        1 => (0_u32..3_000).prop_map(Act::Slow),
    ]
}

fn unit() -> impl Strategy<Value = Capabilities> {
    let plain = Capabilities::typical();
    prop_oneof![
        3 => Just(plain),
        3 => Just(plain.with_cap(CAP_POSTING)),
        1 => Just(plain.with_cap(CAP_CM)),
        1 => Just(plain.without_cap(CAP_PSI)),
        1 => Just(plain.without_ecap(ECAP_QUEUED)),
        1 => Just(plain.without_ecap(ECAP_COHERENT).with_cap(CAP_RWBF)),
        1 => Just(plain.without_cap(CAP_48_BIT).with_guest_width(39)),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let boots_with = |number| prop_oneof![3 => Just(Some(CardId(number))), 1 => proptest::option::of(card())];
    let guest = |number| (any::<bool>(), boots_with(number));
    let guests = [guest(0), guest(1), guest(2)];
    let delays = prop_oneof![Just(1_000_u64), Just(3_000_000), Just(40_000_000)];
    let made = (guests, vec(card_settings(), 3), reserved(), [any::<bool>(), any::<bool>()], unit(), 0_u8..5, delays);
    made.prop_map(|(guests, cards, mut reserved, [relaxed, redirects], unit, which, request)| {
        let mut options = Options::default_of(if which == 3 { Version::Xen33 } else { Version::Today });
        (options.wanted, options.pv) = (Wanted::Yes, Switch::On);
        match which {
            1 => options.quarantine = Quarantine::ScratchPage,
            2 => options.quarantine = Quarantine::No,
            4 => options.intpost = Switch::On,
            _ => {}
        }
        let made = guests.into_iter().map(|(hvm, card)| GuestSettings {
            kind: if hvm { GuestKind::Hvm } else { GuestKind::Pv },
            boots_with: card.into_iter().collect(),
        });
        let mut settings = Settings::new(options, made.collect());
        (settings.cards, settings.unit, settings.delays.request) = (cards, Some(unit), request);
        if which == 3 || are_neighbours(&settings) {
            // A card that is cut off from what it uses all the time faults as soon as Xen has looked at its last fault.
            reserved.iter_mut().for_each(|region| region.in_use = Switch::Off);
        }
        settings.access_control = switch(redirects);
        (settings.reserved, settings.relaxed_rdm) = (reserved, switch(relaxed));
        settings.until = Time(u64::MAX);
        settings
    })
}

/// Runs through all that happens in so many nanoseconds, and looks at each step.
fn let_pass(machine: &mut GivenAway, watch: &mut Watch, settings: &Settings, until: Time) {
    while machine.next().is_some_and(|next| next <= until) && machine.step() {
        watch.check(machine, settings);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 240, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_hold_after_every_step(
        settings in settings(),
        acts in vec((0_u32..4, act()), 1..40),
        ends in any::<bool>(),
    ) {
        let mut machine = GivenAway::new(&settings).expect("there is such a machine");
        let mut watch = Watch::new(&settings);
        let mut time = Time::from_millis(if ends { 2_000 } else { 40 });
        let_pass(&mut machine, &mut watch, &settings, time);
        // Whoever gives dom0 a card back that heeds no reset waits until it is done.
        let heed = settings.cards.iter().all(|card| card.at_reset == AtReset::Stops);
        for (pause, act) in acts.into_iter().filter(|(_, act)| heed || !matches!(act, Act::GiveBack(_))) {
            machine.carry_out(act);
            watch.check(&machine, &settings);
            time += [1_000, 300_000, 30_000_000, 900_000_000][pause as usize];
            let_pass(&mut machine, &mut watch, &settings, time);
        }
        if ends {
            for guest in (0..3).map(GuestId) {
                machine.carry_out(Act::Destroy(guest));
            }
        }
        let_pass(&mut machine, &mut watch, &settings, time + 400_000_000_000);
        check_end(&machine, &settings);
    }
}

/// A Xen that does not wait for its unit breaks the rules, and they say so: the unit remembers what the tables do not have.
#[test]
#[should_panic(expected = "ReadDenied")]
fn the_rules_see_a_page_that_was_not_forgotten() {
    let (guest, card) = (GuestId(0), CardId(0));
    let guests = vec![GuestSettings::with(GuestKind::Pv, card), GuestSettings::new(GuestKind::Pv)];
    let mut settings = Settings::new(Options::default_of(Version::Today), guests);
    settings.repairs.waits = false;
    let page = Target::PageOf(guest, 4);
    let acts = [
        Act::GiveUpPage(GuestId(1), 4),
        Act::Aim(guest, card, page, Payload::Packet(100)),
        Act::Point(guest, card, page),
        Act::Slow(5_000),
        Act::GiveUpPage(guest, 4),
        Act::TakePage(GuestId(1), 4),
        Act::Arrive(card, 60),
    ];
    let mut machine = GivenAway::new(&settings).expect("there is such a machine");
    let mut watch = Watch::new(&settings);
    let mut time = Time::from_millis(2_000);
    let_pass(&mut machine, &mut watch, &settings, time);
    for act in acts {
        machine.carry_out(act);
        time += 1_000_000;
        let_pass(&mut machine, &mut watch, &settings, time);
    }
}
