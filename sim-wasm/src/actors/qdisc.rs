//! The queue in front of a device: `pfifo_fast` of `net/sched/sch_generic.c`, three first-in-first-out bands of which a lower
//! one goes first.
//!
//! The device's `tx_queue_len` bounds each band by itself. What the device refuses goes back to the front of its band.
//!
//! Not modelled: other disciplines, and the many queues of a device that has several.

use alloc::collections::VecDeque;

use crate::actors::skb::SkbId;

/// Bands, `PFIFO_FAST_BANDS`.
const BANDS: usize = 3;

/// The band of each priority, `prio2band`.
const BAND_OF_PRIORITY: [u8; 16] = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/// A packet's priority (`skb->priority`), of which the lower four bits count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority(pub u8);

impl Priority {
    /// What every packet has that the bridge forwards: it looks at no IP header. Band 1.
    pub const BEST_EFFORT: Priority = Priority(0);
    /// `TC_PRIO_BULK`, band 2.
    pub const BULK: Priority = Priority(2);
    /// `TC_PRIO_INTERACTIVE`, band 0.
    pub const INTERACTIVE: Priority = Priority(6);

    fn band(self) -> usize {
        usize::from(BAND_OF_PRIORITY[usize::from(self.0 & 15)])
    }
}

/// The queue.
#[derive(Clone, Debug)]
pub struct Qdisc {
    bands: [VecDeque<SkbId>; BANDS],
    /// Packets in each band at most.
    limit: u32,
    /// The band of the packet that was dequeued last, for the case that it comes back.
    last: usize,
    waiting: u32,
}

impl Qdisc {
    /// An empty queue in front of a device of that `tx_queue_len`, at least 1.
    #[must_use]
    pub fn new(limit: u32) -> Qdisc {
        Qdisc { bands: Default::default(), limit: limit.max(1), last: 1, waiting: 0 }
    }

    /// Changes the limit (`tx_queue_len`); what waits already stays.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit.max(1);
    }

    /// Puts a packet at the end of its band (`pfifo_fast_enqueue`), or gives it back when the band is full.
    #[inline]
    pub fn enqueue(&mut self, skb: SkbId, priority: Priority) -> Result<(), SkbId> {
        let band = &mut self.bands[priority.band()];
        if band.len() as u32 >= self.limit {
            return Err(skb);
        }
        band.push_back(skb);
        self.waiting += 1;
        Ok(())
    }

    /// Takes the first packet of the lowest band that has one (`pfifo_fast_dequeue`).
    #[inline]
    pub fn dequeue(&mut self) -> Option<SkbId> {
        if self.waiting == 0 {
            return None;
        }
        let last = self.bands.iter().position(|band| !band.is_empty())?;
        self.last = last;
        self.waiting -= 1;
        self.bands[last].pop_front()
    }

    /// Takes back what was dequeued last, to the front of its band (`pfifo_fast_requeue`).
    pub fn requeue(&mut self, skb: SkbId) {
        self.bands[self.last].push_front(skb);
        self.waiting += 1;
    }

    /// Packets that wait.
    #[must_use]
    pub const fn waiting(&self) -> u32 {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::VecDeque;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{BANDS, Priority, Qdisc};
    use crate::actors::skb::{SkbId, Skbs};
    use crate::words::ids::DomId;

    fn packets<const N: usize>() -> [SkbId; N] {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        core::array::from_fn(|_| skbs.alloc())
    }

    #[test]
    fn lower_bands_go_first_and_each_has_its_own_limit() {
        let [a, b, c, d, e] = packets();
        let mut qdisc = Qdisc::new(1);
        for (skb, priority) in [(a, Priority::BULK), (b, Priority::BEST_EFFORT), (c, Priority::INTERACTIVE)] {
            assert_eq!(qdisc.enqueue(skb, priority), Ok(()));
        }
        assert_eq!(qdisc.enqueue(d, Priority::BULK), Err(d));
        // A priority's upper bits say nothing.
        assert_eq!(qdisc.enqueue(e, Priority(0x10)), Err(e));
        assert_eq!((qdisc.waiting(), qdisc.dequeue(), qdisc.dequeue()), (3, Some(c), Some(b)));
        qdisc.requeue(b);
        assert_eq!([qdisc.dequeue(), qdisc.dequeue(), qdisc.dequeue()], [Some(b), Some(a), None]);
    }

    #[test]
    fn what_comes_back_waits_behind_a_lower_band() {
        let [a, b, c] = packets();
        let mut qdisc = Qdisc::new(5);
        for skb in [a, b] {
            qdisc.enqueue(skb, Priority::BEST_EFFORT).expect("there is room");
        }
        let first = qdisc.dequeue().expect("two wait");
        qdisc.enqueue(c, Priority::INTERACTIVE).expect("there is room");
        qdisc.requeue(first);
        assert_eq!([qdisc.dequeue(), qdisc.dequeue(), qdisc.dequeue()], [Some(c), Some(a), Some(b)]);
    }

    proptest! {
        /// Against three plain lists: nothing is lost or doubled, and the order is that of the bands.
        #[test]
        fn a_queue_is_three_lists(
            limit in 1_u32..6,
            steps in proptest::collection::vec((any::<u8>(), 0_u8..4), 0..200),
        ) {
            let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
            let mut qdisc = Qdisc::new(limit);
            let mut model: [VecDeque<SkbId>; BANDS] = Default::default();
            for (priority, action) in steps {
                let skb = skbs.alloc();
                if action > 0 {
                    let band = &mut model[Priority(priority).band()];
                    let room = (band.len() as u32) < limit;
                    prop_assert_eq!(qdisc.enqueue(skb, Priority(priority)).is_ok(), room);
                    if room {
                        band.push_back(skb);
                    }
                } else {
                    let band = model.iter_mut().find(|band| !band.is_empty());
                    let expect = band.and_then(VecDeque::pop_front);
                    let got = qdisc.dequeue();
                    prop_assert_eq!(got, expect);
                    if let (Some(skb), true) = (got, priority % 2 == 0) {
                        qdisc.requeue(skb);
                        prop_assert_eq!(qdisc.dequeue(), Some(skb));
                    }
                }
                prop_assert_eq!(qdisc.waiting() as usize, model.iter().map(VecDeque::len).sum::<usize>());
            }
        }
    }
}
