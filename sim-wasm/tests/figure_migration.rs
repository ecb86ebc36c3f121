//! Figure "migration": what each order of the steps comes to.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::migration::MAX_ROUNDS;
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};

/// The letters of the six steps, in the order that works.
const LETTERS: [char; 6] = ['f', 'u', 'c', 's', 'p', 'b'];

fn spec() -> &'static FigureSpec {
    figure("migration").expect("the catalogue has it")
}

/// A preset, at its end.
fn preset(name: &str) -> Player {
    let mut player = Player::new(spec(), spec().preset(name).expect("the figure has the preset"));
    player.seek(player.steps());
    player
}

/// A guest to which nothing was done yet: the first frame of the order that works.
fn untouched() -> Player {
    Player::new(spec(), 0)
}

fn count(player: &Player, name: &str) -> u64 {
    player.quantity(name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
}

fn counts<const N: usize>(player: &Player, names: [&str; N]) -> [u64; N] {
    names.map(|name| count(player, name))
}

/// Takes a step to its end; `false` if it makes no sense.
fn act(player: &mut Player, letter: char) -> bool {
    let takes = player.act(letter);
    if takes {
        player.seek(player.steps());
    }
    takes
}

/// All orders of the six steps.
fn orders() -> Vec<Vec<char>> {
    let mut orders = vec![Vec::new()];
    for _ in LETTERS {
        let longer = |order: Vec<char>| {
            let left = LETTERS.into_iter().filter(|letter| !order.contains(letter)).collect::<Vec<_>>();
            left.into_iter().map(move |letter| [order.clone(), vec![letter]].concat())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

#[test]
fn of_720_orders_one_works_and_four_arrive_after_an_outage() {
    let orders = orders();
    assert_eq!(orders.len(), 720);
    let (mut works, mut late, mut moved, mut stayed) = (Vec::new(), Vec::new(), 0, 0);
    for order in orders {
        let mut player = untouched();
        let taken = order.iter().filter(|letter| act(&mut player, **letter)).count();
        let order = order.into_iter().collect::<String>();
        let [home, there, refused, longest, lost] = counts(&player, ["home", "there", "refused", "longest", "lost"]);
        match (home, there, longest) {
            (0, 0, _) => stayed += 1,
            (0, _, _) => moved += 1,
            (_, _, 100_000_000..) => {
                assert!(taken == 5 && refused == 0 && lost == 1_520, "{order}: the bond found out, and was not told");
                late.push(order);
            }
            _ => {
                assert_eq!((taken, refused, lost), (6, 0, 540), "{order}");
                works.push(order);
            }
        }
    }
    assert_eq!(
        (works, late),
        (vec!["fucspb".to_owned()], ["ufcspb", "ucfspb", "ucsfpb", "ucspfb"].map(String::from).to_vec())
    );
    // Some run over there without a card in use, and most never leave, since a copy or a switch came too early.
    assert_eq!((moved, stayed), (85, 630));
    assert_eq!(counts(&untouched(), ["orders", "work", "late"]), [720, 1, 4]);
}

/// The order that is laid beforehand comes to what its steps come to when they are taken one by one; what is not needed when
/// its turn comes is a step that says so.
#[test]
fn a_laid_order_is_the_run_of_its_steps() {
    for order in orders() {
        let laid: String = order.iter().collect();
        let mut player = untouched();
        player.set_order(&laid);
        assert_eq!((player.at(), player.order().as_str()), (0, laid.as_str()));
        player.seek(player.steps());
        let mut by_hand = untouched();
        let taken = order.iter().filter(|letter| act(&mut by_hand, **letter)).count();
        let names = ["home", "there", "refused", "longest", "lost", "silent", "rounds", "sent", "missing"];
        assert_eq!(counts(&player, names), counts(&by_hand, names), "{laid}");
        let needless = player.rows().matches(" is not needed: ").count();
        assert_eq!(taken + needless, 6, "{laid}");
        let again = Player::open(&player.state()).expect("its own text names it");
        assert_eq!((again.state(), again.log_hash()), (player.state(), player.log_hash()));
    }
}

#[test]
fn an_order_stands_in_the_link_and_goes_with_the_preset() {
    let mut player = preset("busy-guest");
    player.set_knob(2, 100);
    player.set_order("ufcspb");
    assert_eq!(player.state(), "migration=v1.busy-guest.k2-100.oufcspb.n0");
    player.set_knob(2, 1_000);
    assert_eq!(player.state(), "migration=v1.busy-guest.oufcspb.n0", "a knob leaves the order alone");
    for wrong in ["", "fucsp", "fucspp", "fucspbf", "fucspx", "FUCSPB"] {
        player.set_order(wrong);
        assert_eq!(player.state(), "migration=v1.busy-guest.oufcspb.n0", "{wrong:?} is no order");
    }
    player.seek(1);
    assert!(player.sentence().starts_with("The card is taken out"), "{}", player.sentence());
    player.set_preset(0);
    assert_eq!((player.state().as_str(), player.order().as_str()), ("migration=v1.in-order.n0", "fucspb"));
    // A step can be taken in the midst of it, and then that is the run.
    player.set_order("cfuspb");
    player.seek(1);
    assert!(player.sentence().contains("-EINVAL") && player.act('u'), "{}", player.sentence());
    assert_eq!(player.state(), "migration=v1.in-order.ocfuspb.i2-u.n2");
    assert_eq!(Player::open(&player.state()).expect("its own text names it").hash(), player.hash());
}

/// What is to come stands in the picture from the start, as cards without a mark.
#[test]
fn the_cards_lie_in_their_order_before_the_run() {
    let mut player = untouched();
    player.set_order("bpscuf");
    for layout in [Layout::Wide, Layout::Narrow] {
        let picture = player.page_svg(layout);
        // The list beside them numbers the places, and the picture nothing.
        let at = ["fail back", "plug", "switch", "copy", "unplug", "fail over"]
            .map(|card| picture.find(&format!(">{card}<")).unwrap_or_else(|| panic!("{card} is not there")));
        assert!(at.is_sorted(), "{at:?}");
    }
}

#[test]
fn what_each_preset_shows() {
    let names = ["home", "lost", "longest", "rounds", "refused"];
    for (name, expect) in [
        ("in-order", [1, 540, 50_000_000, 5, 0]),
        ("unplug-first", [1, 1_520, 100_000_000, 5, 0]),
        ("with-its-card", [1, 540, 50_000_000, 5, 2]),
        ("plugged-too-early", [1, 540, 50_000_000, 5, 1]),
        ("busy-guest", [1, 3_270, 323_066_666, 29, 0]),
    ] {
        assert_eq!(counts(&preset(name), names), expect, "{name}");
    }
}

#[test]
fn refusals_cost_nothing_and_say_why() {
    let mut player = untouched();
    for letter in ['c', 's'] {
        assert!(act(&mut player, letter));
        assert!(player.sentence().contains("-EINVAL"), "{}", player.sentence());
    }
    assert_eq!(counts(&player, ["refused", "lost", "there", "rounds"]), [2, 0, 0, 0]);
    // It is plugged already, and uses its card already: there is nothing to do.
    assert!(!player.can('p') && !player.can('b'));
}

#[test]
fn the_way_is_longer_only_between_the_two_changes_of_the_bond() {
    let mut player = preset("in-order");
    let last = player.steps();
    let way: Vec<u64> = (0..=last)
        .map(|frame| {
            player.seek(frame);
            count(&player, "path")
        })
        .collect();
    assert!(way[1..way.len() - 1].iter().all(|domains| *domains == 2) && (way[0], way[way.len() - 1]) == (1, 1));
}

#[test]
fn nothing_can_be_done_between_two_rounds() {
    let mut player = preset("in-order");
    player.seek(4);
    assert!(LETTERS.into_iter().all(|letter| !player.can(letter)));
    player.seek(7);
    assert!(player.can('s') && player.can('c') && player.can('p') && !player.can('f'));
}

#[test]
fn a_faster_link_needs_fewer_rounds_and_a_shorter_stop() {
    let with = |link: u32, writes: u32| {
        let mut player = untouched();
        player.set_knob(1, writes);
        player.set_knob(2, link);
        player.seek(player.steps());
        (count(&player, "rounds"), count(&player, "longest"))
    };
    for writes in [300, 3_000, 20_000, 100_000] {
        let found = [10_000, 1_000, 100].map(|link| with(link, writes));
        assert!(found.is_sorted(), "{writes}: {found:?}");
    }
}

#[test]
fn the_answer_is_the_longest_silence() {
    for preset in 0..spec().presets.len() {
        let mut player = Player::new(spec(), preset);
        player.seek(player.steps());
        let answer = player.answer().expect("each preset has a silence").value;
        assert_eq!(u64::from(answer), count(&player, "longest") / 1_000_000, "{}", player.state());
    }
}

#[test]
fn what_is_left_shrinks_with_each_step() {
    let ways = |letters: &str| {
        let mut player = untouched();
        assert!(letters.chars().all(|letter| act(&mut player, letter)), "{letters}");
        counts(&player, ["orders", "work", "late"])
    };
    assert_eq!(ways("f"), [120, 1, 0]);
    assert_eq!(ways("u"), [120, 0, 4]);
    assert_eq!(ways("fuc"), [6, 1, 0]);
    assert_eq!(ways("fucp"), [6, 1, 0]);
    // What was refused is left.
    assert_eq!(ways("fcs"), [120, 1, 0]);
    assert_eq!(ways("fucspb"), [1, 1, 0]);
}

proptest! {
    /// Whatever a reader does: a guest on the other host had no card when it went, packets are lost as long as it is silent,
    /// the rounds of a copy end, and the frame can be sent to somebody else.
    #[test]
    fn no_guest_moves_with_its_card(
        knobs in [0_usize..3, 0..4, 0..3, 0..3],
        wishes in proptest::collection::vec(any::<u8>(), 0..14),
    ) {
        let mut player = untouched();
        for (number, option) in knobs.into_iter().enumerate() {
            player.set_knob(number, spec().knobs[number].named()[option].value);
        }
        let packets = spec().knobs[3].named()[knobs[3]].value;
        for wish in wishes {
            let before = counts(&player, ["there", "rounds", "lost", "silent", "missing"]);
            let could_plug = player.can('p');
            let letter = LETTERS[usize::from(wish) % 6];
            if !act(&mut player, letter) {
                continue;
            }
            let after = counts(&player, ["there", "rounds", "lost", "silent", "missing"]);
            prop_assert!(before[0] == after[0] || (letter == 's' && could_plug), "{}", player.state());
            prop_assert!(after[1] - before[1] <= u64::from(MAX_ROUNDS), "{}", player.state());
            prop_assert_eq!(after[2] - before[2], (after[3] - before[3]) * u64::from(packets) / 1_000_000_000);
            if after[0] == 1 {
                prop_assert_eq!(after[4], 0);
            }
        }
        let again = Player::open(&player.state()).expect("its own text names it");
        prop_assert_eq!(again.log_hash(), player.log_hash());
    }
}
