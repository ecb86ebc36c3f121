//! Figure "dma": what a card reaches with and without an IOMMU, and what the IOMMU is told.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::dma::Dma;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::reaction::FAULT_THRESHOLD;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};
use sim_wasm::words::ids::{DomId, Mfn};

const PV_OPEN: u32 = 0;
const HVM_OPEN: u32 = 1;
const PV_IN_DOM0S: u32 = 2;
const PV_FILTER: u32 = 3;
const HVM_VTD: u32 = 4;
const HVM_NO_QUARANTINE: u32 = 5;

const OWN: u32 = 0;
const NEIGHBOUR: u32 = 1;
const XEN: u32 = 3;
const PAGE_TABLE: u32 = 4;
const INTERRUPTS: u32 = 5;

fn spec() -> &'static FigureSpec {
    figure("dma").expect("the catalogue has it")
}

fn preset(name: &str) -> Player {
    Player::new(spec(), spec().preset(name).expect("the figure has the preset"))
}

/// The frame that a driver under this guard means by an aim: its own pages are others' frames to a guest that does not know
/// the machine's.
fn frame(guard: u32, aim: u32) -> u32 {
    let knows = [PV_OPEN, PV_IN_DOM0S, PV_FILTER].contains(&guard);
    match aim {
        OWN => {
            if knows {
                20
            } else {
                5
            }
        }
        PAGE_TABLE => {
            if knows {
                19
            } else {
                4
            }
        }
        _ => [0, 27, 11, 3, 0, 0xFEE00][aim as usize],
    }
}

/// One request under these knobs, to its end.
fn one(guard: u32, aim: u32, way: u32) -> Player {
    at(guard, frame(guard, aim), way)
}

/// One request for a frame, to its end.
fn at(guard: u32, frame: u32, way: u32) -> Player {
    let mut player = Player::new(spec(), 0);
    for (index, value) in [guard, frame, way].into_iter().enumerate() {
        player.set_knob(index, value);
    }
    player.seek(player.steps());
    player
}

fn count(player: &Player, name: &str) -> u64 {
    player.quantity(name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
}

/// Does what the letters say, each when what came before is done.
fn act(player: &mut Player, letters: &str) {
    for letter in letters.chars() {
        player.seek(player.steps());
        assert!(player.act(letter), "`{letter}` after {}", player.state());
    }
    player.seek(player.steps());
}

/// Who gets where: reached its own, reached somebody else's, blocked, forged an interrupt.
fn fate(player: &Player) -> [u64; 4] {
    ["own", "foreign", "blocked", "interrupts"].map(|name| count(player, name))
}

const REACHES_OWN: [u64; 4] = [1, 0, 0, 0];
const REACHES_FOREIGN: [u64; 4] = [0, 1, 0, 0];
const BLOCKED: [u64; 4] = [0, 0, 1, 0];
const RINGS: [u64; 4] = [0, 0, 0, 1];
const UNANSWERED: [u64; 4] = [0; 4];

#[test]
fn what_each_guard_keeps_a_card_from() {
    let cases = [
        (PV_OPEN, [REACHES_OWN, REACHES_FOREIGN, REACHES_FOREIGN, REACHES_FOREIGN, REACHES_OWN, RINGS]),
        // A page number of the guest's is a frame number of somebody else's.
        (HVM_OPEN, [REACHES_FOREIGN, REACHES_FOREIGN, REACHES_FOREIGN, REACHES_FOREIGN, REACHES_FOREIGN, RINGS]),
        // All but Xen's own frames.
        (PV_IN_DOM0S, [REACHES_OWN, REACHES_FOREIGN, REACHES_FOREIGN, BLOCKED, REACHES_OWN, RINGS]),
        // What the guest may write, which is not its page table.
        (PV_FILTER, [REACHES_OWN, BLOCKED, BLOCKED, BLOCKED, BLOCKED, RINGS]),
        // 3 is a page of the guest's own, 11 and 27 are none; interrupts are remapped.
        (HVM_VTD, [REACHES_OWN, BLOCKED, BLOCKED, REACHES_OWN, REACHES_OWN, BLOCKED]),
    ];
    for (guard, fates) in cases {
        for (aim, expect) in (0..).zip(fates) {
            let player = one(guard, aim, 0);
            assert_eq!(fate(&player), expect, "{}", player.state());
            // Who may not write may not read either; and in the window reads mean nothing, with or without a unit.
            let expect = if aim == INTERRUPTS { UNANSWERED } else { expect };
            assert_eq!(fate(&one(guard, aim, 1)), expect, "{} reading", player.state());
        }
    }
}

/// Who has a frame, in blocks of eight: Xen, dom0, the guest, its neighbour. A page that the guest counts is another.
#[test]
fn every_frame_has_its_owner_and_every_refusal_its_code() {
    let pages = [18, 23, 16, 22, 19, 20, 17, 32, 32, 32, 32, 32, 21];
    for guard in PV_OPEN..=HVM_NO_QUARANTINE {
        for number in 0..32 {
            // Where the tables lead it, or the lack of tables.
            let reached = match guard {
                PV_OPEN | HVM_OPEN => Some(number),
                PV_IN_DOM0S => Some(number).filter(|number| *number >= 8),
                PV_FILTER => Some(number).filter(|number| (16..24).contains(number) && *number != 19),
                _ => pages.get(number as usize).copied().filter(|frame| *frame < 32),
            };
            for (way, code) in [(0, "0x5"), (1, "0x6")] {
                let player = at(guard, number, way);
                let (picture, place) = (player.page_svg(Layout::Wide), player.state());
                let Some(reached) = reached else {
                    assert_eq!(fate(&player), BLOCKED, "{place}");
                    assert!(picture.contains(&format!("blocked, code {code}<")), "{place}");
                    continue;
                };
                let own = reached / 8 == 2;
                assert_eq!(fate(&player), if own { REACHES_OWN } else { REACHES_FOREIGN }, "{place}");
                let whose = ["Xen's", "dom0's", "", "domU 2's"][reached as usize / 8];
                let said = format!("reaches frame {reached}{}{whose}<", if own { "" } else { ": " });
                assert!(picture.contains(&said), "{place}: {said}");
            }
        }
    }
}

/// Every frame can be chosen in the picture, and the window; one of them is where the driver aims.
#[test]
fn the_map_offers_what_the_knob_offers() {
    for (guard, frame) in [(PV_OPEN, 0), (HVM_VTD, 31), (PV_FILTER, 0xFEE00)] {
        let player = at(guard, frame, 0);
        for layout in [Layout::Wide, Layout::Narrow] {
            let picture = player.page_svg(layout);
            let offered: Vec<u32> = picture
                .split("data-turn=\"1\" data-to=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number"))
                .collect();
            assert_eq!(offered, (0..32).chain([0xFEE00]).collect::<Vec<_>>());
            assert!(offered.iter().all(|value| spec().knobs[1].offers(*value)));
            assert!(picture.contains(&format!("data-to=\"{frame}\" data-l=\"Frame ")));
            assert_eq!(picture.matches(" data-c=").count(), 1, "one is chosen");
        }
        assert!(!player.page_svg(Layout::Film).contains("data-turn"), "a small picture is a link as a whole");
    }
}

#[test]
fn links_of_former_times_lead_where_they_led() {
    for (old, now) in [
        ("dma=v1.wrong-page.n3", "dma=v1.nothing-between.k3-1.k4-5.n3"),
        ("dma=v1.without-pv.k0-3.k1-4.n9", "dma=v1.without-pv.k3-3.k4-19.n9"),
        ("dma=v1.without-pv.k1-5.n3", "dma=v1.without-pv.k4-1043968.n3"),
        // Its own page is another frame to a guest that knows the machine's.
        ("dma=v1.stale.k0-0.n3", "dma=v1.stale.k3-0.k4-20.n3"),
        ("dma=v1.wrong-page.k1-2.k2-1.n2", "dma=v1.nothing-between.k3-1.k4-11.k5-1.n2"),
        ("dma=v1.stale.n16", "dma=v1.stale.n16"),
    ] {
        let player = Player::open(old).unwrap_or_else(|error| panic!("{old}: {error}"));
        assert_eq!(player.state(), now, "{old}");
        assert_eq!(Player::open(now).expect("it is a link").hash(), player.hash());
    }
    assert!(Player::open("dma=v1.wrong-page.k1-6.n0").is_err(), "there never was such a place");
}

#[test]
fn a_late_request_reaches_dom0_unless_the_card_is_in_quarantine() {
    let mut player = preset("teardown");
    player.seek(player.steps());
    assert_eq!(fate(&player), [1, 1, 0, 0]);
    let last = player.entries().last().expect("the run has events").event;
    assert_eq!(last, Event::Dma(Dma::FrameReached { frame: Mfn(12), write: true, meant: false }));
    let seen = |player: &Player, wanted: fn(&Step) -> bool| {
        player.entries().iter().any(|entry| matches!(entry.event, Event::Vtd(Vtd::Xen(step)) if wanted(&step)))
    };
    assert!(seen(&player, |step| matches!(step, Step::Reassigned { to: DomId::DOM0, .. })));
    assert_eq!(count(&player, "reachable"), 24, "what dom0's tables have");

    player.set_knob(0, HVM_VTD);
    player.seek(player.steps());
    assert_eq!(fate(&player), [1, 0, 1, 0]);
    assert!(seen(&player, |step| matches!(step, Step::Reassigned { to: DomId::IO, .. })));
    assert_eq!(count(&player, "reachable"), 0, "nothing");
    assert!(player.page_svg(Layout::Wide).contains("blocked, code 0x5"));
}

/// A frame of the dead guest's goes to whoever asks next, and what an old table or none lets pass may hit it.
#[test]
fn what_becomes_of_a_card_whose_guest_is_gone() {
    for (guard, first, late) in [
        (PV_OPEN, REACHES_OWN, [1, 1, 0, 0]),
        (HVM_OPEN, REACHES_FOREIGN, [0, 2, 0, 0]),
        (PV_IN_DOM0S, REACHES_OWN, [1, 1, 0, 0]),
        // The filter goes with the guest, and dom0's tables have the frame too.
        (PV_FILTER, REACHES_OWN, [1, 1, 0, 0]),
        (HVM_VTD, REACHES_OWN, [1, 0, 1, 0]),
        // Page 5 is Xen's to dom0's tables, which leave Xen out.
        (HVM_NO_QUARANTINE, REACHES_OWN, [1, 0, 1, 0]),
    ] {
        let mut player = one(guard, OWN, 0);
        assert_eq!(fate(&player), first, "{}", player.state());
        act(&mut player, "x");
        assert!(['u', 'g', 'x'].into_iter().all(|letter| !player.can(letter)), "{}", player.state());
        act(&mut player, "d");
        assert_eq!(fate(&player), late, "{}", player.state());
    }
    // A frame that went to domU 2 before is not freed with the guest.
    let mut player = one(HVM_VTD, OWN, 0);
    act(&mut player, "ufgx");
    assert!(player.sentence().contains("7 frames"), "{}", player.sentence());
}

#[test]
fn an_hvm_guest_without_an_iommu_hits_the_frame_of_the_same_number() {
    let player = one(HVM_OPEN, OWN, 0);
    let reached = |frame| Event::Dma(Dma::FrameReached { frame, write: true, meant: false });
    let last = player.entries().last().expect("the run has events").event;
    assert_eq!(last, reached(Mfn(5)));
}

#[test]
fn a_page_table_becomes_unreachable_by_its_type() {
    assert_eq!(count(&one(PV_FILTER, PAGE_TABLE, 0), "reachable"), 7, "eight pages, and one of them is a page table");
    assert_eq!(count(&one(HVM_VTD, PAGE_TABLE, 0), "reachable"), 8, "Xen knows nothing of an HVM guest's page tables");
    assert_eq!(count(&one(PV_IN_DOM0S, XEN, 0), "reachable"), 24, "all but Xen's eight");
}

#[test]
fn a_walk_reads_six_entries_and_the_next_one_none() {
    let mut player = one(HVM_VTD, OWN, 0);
    assert_eq!((count(&player, "table-reads"), count(&player, "remembered")), (6, 0));
    act(&mut player, "d");
    assert_eq!((count(&player, "table-reads"), count(&player, "remembered")), (6, 2));
}

#[test]
fn clearing_an_entry_does_not_stop_a_card_and_flushing_does() {
    let mut player = preset("stale");
    player.seek(player.steps());
    assert_eq!(fate(&player), [1, 1, 1, 0]);
    // Flushed before the frame goes to somebody else, nothing is harmed.
    let mut player = one(HVM_VTD, OWN, 0);
    act(&mut player, "ufgd");
    assert_eq!(fate(&player), [1, 0, 1, 0]);
    // Never asked for, the page is not remembered, and no flush is needed.
    let mut player = one(HVM_VTD, NEIGHBOUR, 0);
    act(&mut player, "u");
    assert!(!player.can('f'), "{}", player.state());
}

#[test]
fn ten_faults_and_the_card_is_silent() {
    let mut player = one(HVM_VTD, NEIGHBOUR, 0);
    for faults in 2..=u64::from(FAULT_THRESHOLD) {
        act(&mut player, "d");
        assert_eq!(count(&player, "logged"), faults);
    }
    act(&mut player, "d");
    assert_eq!((count(&player, "requests"), count(&player, "blocked")), (11, 10));
    assert!(player.entries().iter().any(|entry| matches!(entry.event, Event::Dma(Dma::CardSilent))));
    // Xen 3.3 wrote lines, and nothing else.
    let mut player = one(PV_FILTER, NEIGHBOUR, 0);
    act(&mut player, "ddddddddddd");
    assert_eq!(count(&player, "blocked"), 12);
}

#[test]
fn the_answer_is_what_becomes_of_the_first_request() {
    for (guard, aim, answer) in
        [(PV_OPEN, XEN, 1), (HVM_VTD, OWN, 0), (HVM_VTD, NEIGHBOUR, 2), (PV_FILTER, INTERRUPTS, 3)]
    {
        let player = one(guard, aim, 0);
        assert_eq!(player.answer().map(|answer| answer.value), Some(answer), "{}", player.state());
    }
}

/// The picture of the last step, and why the answer is what it is.
fn picture_and_reason(player: &Player) -> (String, &'static str) {
    (player.page_svg(Layout::Wide), player.answer().expect("a request has ended").why)
}

#[test]
fn a_read_of_the_interrupt_window_is_answered_by_nobody() {
    for guard in PV_OPEN..=HVM_NO_QUARANTINE {
        let player = one(guard, INTERRUPTS, 1);
        assert_eq!((count(&player, "blocked"), count(&player, "logged"), count(&player, "table-reads")), (0, 0, 0));
        assert_eq!(player.answer().map(|answer| answer.value), Some(4), "{}", player.state());
        let last = player.entries().last().expect("the run has events").event;
        assert!(matches!(last, Event::Vtd(Vtd::Unanswered { .. })), "{last:?}");
        let (picture, reason) = picture_and_reason(&player);
        assert!(picture.contains("nothing answers") && !picture.contains("blocked"), "{picture}");
        assert!(!reason.contains("tables"), "{reason}");
    }
}

#[test]
fn a_blocked_interrupt_is_not_blamed_on_tables_that_nobody_read() {
    let player = one(HVM_VTD, INTERRUPTS, 0);
    assert_eq!((fate(&player), count(&player, "table-reads")), (BLOCKED, 0));
    let (picture, reason) = picture_and_reason(&player);
    assert_eq!(player.answer().map(|answer| answer.value), Some(2));
    assert!(!reason.contains("tables") && reason.contains("interrupt"), "{reason}");
    assert!(picture.contains("interrupt blocked, code 0x25"), "{picture}");
    assert_eq!(picture.matches("not asked").count(), 6, "no row of the walk was looked at");
    // Where the tables say no, they are named, and every row was looked at.
    let (picture, reason) = picture_and_reason(&one(HVM_VTD, NEIGHBOUR, 0));
    assert!(reason.contains("tables") && !picture.contains("not asked"), "{reason}");
    assert!(picture.contains("blocked, code 0x5") && !picture.contains("interrupt blocked"), "{picture}");
}

proptest! {
    /// Behind a filter or a translation no request ever reaches what is not the guest's, unless a page changed hands before
    /// the IOMMU was told; and Xen's frames are reached by nobody.
    #[test]
    fn only_a_missing_flush_lets_a_guarded_card_harm_others(
        guard in PV_FILTER..=HVM_NO_QUARANTINE,
        frame in 0_u32..33,
        way in 0_u32..2,
        wishes in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut player = at(guard, if frame < 32 { frame } else { 0xFEE00 }, way);
        let mut risky = false;
        for wish in wishes {
            player.seek(player.steps());
            let letter = ['d', 'u', 'g', 'f'][usize::from(wish % 4)];
            // Given away while it is remembered: that is the mistake.
            risky |= letter == 'g' && player.can('g') && player.can('f');
            player.act(letter);
        }
        player.seek(player.steps());
        prop_assert!(risky || count(&player, "foreign") == 0, "{}", player.state());
        let again = Player::open(&player.state()).expect("its own text names it");
        prop_assert_eq!(again.log_hash(), player.log_hash());
    }
}
