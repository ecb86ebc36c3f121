//! Figure "dma": what a card reaches with and without an IOMMU, and what the IOMMU is told.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::dma::Dma;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::reaction::FAULT_THRESHOLD;
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};

const PV_OPEN: u32 = 0;
const HVM_OPEN: u32 = 1;
const PV_IN_DOM0S: u32 = 2;
const PV_FILTER: u32 = 3;
const HVM_VTD: u32 = 4;

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

/// One request under these knobs, to its end.
fn one(guard: u32, aim: u32, way: u32) -> Player {
    let mut player = Player::new(spec(), 0);
    for (index, value) in [guard, aim, way].into_iter().enumerate() {
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

#[test]
fn an_hvm_guest_without_an_iommu_hits_the_frame_of_the_same_number() {
    let player = one(HVM_OPEN, OWN, 0);
    let reached = |frame| Event::Dma(Dma::FrameReached { frame, write: true, meant: false });
    let last = player.entries().last().expect("the run has events").event;
    assert_eq!(last, reached(sim_wasm::words::ids::Mfn(5)));
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
    for guard in PV_OPEN..=HVM_VTD {
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
        guard in PV_FILTER..=HVM_VTD,
        aim in 0_u32..6,
        way in 0_u32..2,
        wishes in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut player = one(guard, aim, way);
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
