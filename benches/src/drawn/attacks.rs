//! Attacks of all kinds, drawn.

use sim::actors::hostile::back_attack::BackAttack;
use sim::actors::hostile::front_attack::{BadGrant, FrontAttack};

use crate::drawn::Draw;

impl Draw {
    /// An attack of a guest.
    pub(super) fn front_attack(&mut self) -> FrontAttack {
        let (seed, slots) = (self.rng.next_u32(), self.below(300) as u16);
        let few = self.below(40) as u8;
        match self.below(20) {
            0 => FrontAttack::ForgeProducer { distance: self.distance() },
            1 => FrontAttack::TransmitGarbage { seed, slots },
            2 => FrontAttack::BufferGarbage { seed, slots },
            3 => FrontAttack::ManySlots { further: few },
            4 => FrontAttack::LongSlot,
            5 => FrontAttack::Truncated,
            6 => FrontAttack::CrossesPage,
            7 => FrontAttack::Runt,
            8 => FrontAttack::MissingExtra,
            9 => FrontAttack::UnknownExtra,
            10 => FrontAttack::BadSegmentation,
            11 => FrontAttack::ChangeSize { to: slots },
            12 => {
                let grants =
                    [BadGrant::NeverGiven, BadGrant::BeyondTable, BadGrant::Revoked, BadGrant::ToAnotherDomain];
                let slots = 1 + few % 19;
                FrontAttack::BadGrant { grant: self.one_of(&grants), slots, at: self.below(u32::from(slots)) as u8 }
            }
            13 => FrontAttack::ReadOnlyBuffers,
            14 => FrontAttack::EventStorm { events: u32::from(slots), every: 1_000 },
            15 => FrontAttack::WithholdBuffers { leave: slots % 24 },
            16 => FrontAttack::SplitHeader { piece: 14 + few },
            17 => FrontAttack::TinySlots,
            18 => FrontAttack::EmptySlots { count: few % 19 },
            _ => FrontAttack::Longest,
        }
    }

    /// An attack of dom0.
    pub(super) fn back_attack(&mut self) -> BackAttack {
        let (seed, slots) = (self.rng.next_u32(), self.below(300) as u16);
        match self.below(13) {
            0 => BackAttack::EventStorm { events: u32::from(slots), every: 1_000 },
            1 => BackAttack::AnswerWhileMapped,
            2 => BackAttack::ReadBeside,
            3 => BackAttack::RemoveDevice,
            4 => BackAttack::UnknownId,
            5 => BackAttack::IdTwice,
            6 => BackAttack::ForgeProducer { distance: self.distance() },
            7 => BackAttack::ForgeDeliveries { distance: self.distance() },
            8 => BackAttack::LongDelivery,
            9 => BackAttack::CrossingDelivery,
            10 => BackAttack::WrongBuffer,
            11 => BackAttack::EndlessDelivery,
            _ => BackAttack::Garbage { seed, slots },
        }
    }

    /// How far a producer is forged: a little too far, or anywhere.
    fn distance(&mut self) -> u32 {
        if self.once_in(2) { self.below(600) } else { self.rng.next_u32() }
    }
}
