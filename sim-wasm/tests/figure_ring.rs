//! The ring's figure: every index can be named, and the question has the run's own answer.

use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Layout;

const INDEXES: [&str; 8] =
    ["req_prod", "req_event", "rsp_prod", "rsp_event", "req_prod_pvt", "rsp_cons", "rsp_prod_pvt", "req_cons"];

fn open(state: &str) -> Player {
    Player::open(state).expect("the state names a frame")
}

#[test]
fn every_index_is_a_mark_and_a_number() {
    let player = open("ring=v1.burst.n12");
    for name in INDEXES {
        assert!(player.quantity(name).is_some(), "{name}");
        for layout in [Layout::Wide, Layout::Narrow] {
            assert!(player.page_svg(layout).contains(&format!("data-e=\"{name}\"")), "{name}");
        }
    }
    for name in ["slots", "page", "outstanding", "in-progress"] {
        assert!(player.page_svg(Layout::Narrow).contains(&format!("data-e=\"{name}\"")), "{name}");
    }
}

#[test]
fn netfront_stops_at_236_and_asks_for_119() {
    let mut player = open("ring=v1.stops.n10");
    assert_eq!(player.answer().map(|answer| answer.value), Some(236));
    assert_eq!((player.quantity("outstanding"), player.quantity("room")), (Some(236), Some(0)));
    player.seek(11);
    assert_eq!(player.quantity("rsp_event"), Some(119));
    assert_eq!(open("ring=v1.burst.n0").answer(), None, "nobody stops on a ring of 8");
}

/// Only while the requests under way lie on both sides of 2³² does a comparison by size mislead.
#[test]
fn a_comparison_misleads_across_the_wrap_alone() {
    let mut player = open("ring=v1.wrap.n0");
    let mut told = 0;
    for frame in 0..=player.steps() {
        player.seek(frame);
        let (end, start) = (player.quantity("req_prod_pvt"), player.quantity("rsp_cons"));
        let misleads = end < start;
        for layout in [Layout::Wide, Layout::Narrow] {
            assert_eq!(player.page_svg(layout).contains("data-e=\"wrap\""), misleads, "frame {frame}");
        }
        assert!(player.quantity("outstanding") <= Some(8), "frame {frame}");
        told += u32::from(misleads);
    }
    assert!(told > 0 && told < player.steps(), "the run passes 2³²");
}
