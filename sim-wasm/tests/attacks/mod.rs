//! Attacks of all kinds, drawn.

#![allow(dead_code, reason = "each test file draws attacks of its own kind")]

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};

/// Any attack of a guest.
pub(crate) fn front_attacks() -> impl Strategy<Value = FrontAttack> {
    let grants = prop_oneof![
        Just(BadGrant::NeverGiven),
        Just(BadGrant::BeyondTable),
        Just(BadGrant::Revoked),
        Just(BadGrant::ToAnotherDomain),
    ];
    prop_oneof![
        any::<u32>().prop_map(|distance| FrontAttack::ForgeProducer { distance }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| FrontAttack::TransmitGarbage { seed, slots }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| FrontAttack::BufferGarbage { seed, slots }),
        any::<u8>().prop_map(|further| FrontAttack::ManySlots { further }),
        any::<u16>().prop_map(|to| FrontAttack::ChangeSize { to }),
        (grants, any::<u8>(), any::<u8>()).prop_map(|(grant, slots, at)| FrontAttack::BadGrant { grant, slots, at }),
        any::<u16>().prop_map(|leave| FrontAttack::WithholdBuffers { leave }),
        any::<u8>().prop_map(|piece| FrontAttack::SplitHeader { piece }),
        any::<u8>().prop_map(|count| FrontAttack::EmptySlots { count }),
        (0_u32..9, 0_u64..2000).prop_map(|(events, every)| FrontAttack::EventStorm { events, every }),
        select(vec![
            FrontAttack::LongSlot,
            FrontAttack::Truncated,
            FrontAttack::CrossesPage,
            FrontAttack::Runt,
            FrontAttack::MissingExtra,
            FrontAttack::UnknownExtra,
            FrontAttack::BadSegmentation,
            FrontAttack::ReadOnlyBuffers,
            FrontAttack::TinySlots,
            FrontAttack::Longest,
        ]),
    ]
}

/// Any attack of a backend.
pub(crate) fn back_attacks() -> impl Strategy<Value = BackAttack> {
    prop_oneof![
        any::<u32>().prop_map(|distance| BackAttack::ForgeProducer { distance }),
        any::<u32>().prop_map(|distance| BackAttack::ForgeDeliveries { distance }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| BackAttack::Garbage { seed, slots }),
        (0_u32..9, 0_u64..2000).prop_map(|(events, every)| BackAttack::EventStorm { events, every }),
        select(vec![
            BackAttack::AnswerWhileMapped,
            BackAttack::ReadBeside,
            BackAttack::RemoveDevice,
            BackAttack::UnknownId,
            BackAttack::IdTwice,
            BackAttack::LongDelivery,
            BackAttack::CrossingDelivery,
            BackAttack::WrongBuffer,
            BackAttack::EndlessDelivery,
        ]),
    ]
}
