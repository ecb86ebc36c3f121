//! How many bytes a guest may send in a window of time (`tx_credit_exceeded`, `tx_add_credit` in
//! `drivers/net/xen-netback/netback.c`).
//!
//! What is not paid for is not taken off the ring: a guest with a rate finds its ring full, and netback holds nothing.
//!
//! Not modelled: a change of the rate while the interface is connected (`xen_net_rate_changed`).

use crate::actors::netback::settings::VifSettings;
use crate::actors::netback_upstream::jiffies::Jiffies;
use crate::actors::netback_upstream::limits::LEAST_BURST;

/// One interface's credit. Instants are in jiffies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credit {
    bytes: u64,
    window: u64,
    remaining: u64,
    window_start: u64,
    timer_pending: bool,
    rate_limited: bool,
}

/// Whether a packet's bytes could be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    /// They were.
    Paid,
    /// They were not, and the timer is to be set to this jiffy.
    DueAt(u64),
    /// They were not, and the timer is running already.
    Running,
}

impl Credit {
    /// What an interface starts with: one window's bytes.
    pub(crate) const fn new(settings: &VifSettings, clock: Jiffies, now: u64) -> Credit {
        Credit {
            bytes: settings.credit_bytes,
            window: clock.of_millis(settings.credit_usec / 1000),
            remaining: settings.credit_bytes,
            window_start: now,
            timer_pending: false,
            rate_limited: false,
        }
    }

    /// Bytes that may be sent now.
    pub(crate) const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Whether the interface waits for its timer.
    pub(crate) const fn is_rate_limited(&self) -> bool {
        self.rate_limited
    }

    /// Pays for a packet. Windows that passed unused are not paid out at once: one chunk is added, however long ago the last
    /// one was. If that is enough, they are forgotten. If it is not, the window is only moved on by one, and while packets
    /// stay too long for a chunk each missed window is made up for, one a jiffy.
    #[inline]
    pub(crate) fn pay(&mut self, size: u16, now: u64) -> Payment {
        let size = u64::from(size);
        if size > self.remaining {
            let unpaid = self.exceeded(size, now);
            if unpaid != Payment::Paid {
                self.rate_limited = true;
                return unpaid;
            }
        }
        self.remaining -= size;
        Payment::Paid
    }

    fn exceeded(&mut self, size: u64, now: u64) -> Payment {
        if self.timer_pending {
            return Payment::Running;
        }
        let next = self.window_start.saturating_add(self.window);
        if now >= next {
            self.window_start = now;
            self.add();
        }
        if size <= self.remaining {
            return Payment::Paid;
        }
        // `next` is the end of the window that was current before anything was added.
        self.window_start = next;
        self.timer_pending = true;
        // A timer that is due already runs at the next tick.
        Payment::DueAt(next.max(now.saturating_add(1)))
    }

    /// One chunk more, up to the largest burst.
    fn add(&mut self) {
        self.remaining = self.remaining.saturating_add(self.bytes).min(self.bytes.max(LEAST_BURST));
        self.rate_limited = false;
    }

    /// The timer ran (`xenvif_tx_credit_callback`).
    pub(crate) fn expire(&mut self) {
        self.timer_pending = false;
        self.add();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Credit, Payment};
    use crate::actors::netback::settings::VifSettings;
    use crate::actors::netback_upstream::jiffies::Jiffies;
    use crate::actors::netback_upstream::limits::LEAST_BURST;

    const CLOCK: u32 = 1000;

    fn credit(bytes: u64, usec: u64) -> Credit {
        let settings = VifSettings { credit_bytes: bytes, credit_usec: usec, ..VifSettings::default() };
        Credit::new(&settings, Jiffies::per_second(CLOCK), 0)
    }

    #[test]
    fn a_window_pays_one_chunk_and_the_timer_the_next() {
        let mut credit = credit(1000, 50_000);
        assert_eq!((credit.pay(600, 0), credit.pay(600, 10)), (Payment::Paid, Payment::DueAt(50)));
        assert_eq!(credit.pay(600, 20), Payment::Running);
        assert!(credit.is_rate_limited());
        credit.expire();
        assert_eq!((credit.pay(600, 50), credit.remaining()), (Payment::Paid, 800));
        assert!(!credit.is_rate_limited());
    }

    #[test]
    fn missed_windows_are_not_paid_out_but_a_jumbo_packet_is_saved_up_for() {
        let mut credit = credit(1000, 50_000);
        assert_eq!(credit.pay(1000, 0), Payment::Paid);
        // Ten windows later there is one chunk, and the window begins anew.
        assert_eq!((credit.pay(1000, 500), credit.remaining()), (Payment::Paid, 0));
        assert_eq!(credit.pay(1000, 510), Payment::DueAt(550));
        for _ in 0..300 {
            credit.expire();
        }
        assert_eq!(credit.remaining(), 131_072);
    }

    #[test]
    fn a_guest_that_always_has_more_gets_a_chunk_in_each_window() {
        let mut credit = credit(3000, 10_000);
        let (mut now, mut paid) = (0, 0);
        while now < 10_000 {
            match credit.pay(1500, now) {
                Payment::Paid => paid += 1500,
                Payment::DueAt(due) => {
                    now = due;
                    credit.expire();
                }
                Payment::Running => panic!("the timer has run"),
            }
        }
        assert_eq!(paid, 1000 * 3000);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut credit = credit(u64::MAX, 0);
        assert!((0..1000).all(|now| credit.pay(u16::MAX, now) == Payment::Paid));
    }

    /// What was paid: when, how many bytes, and where the window began before, which is now at the latest.
    #[derive(Clone, Copy, Debug)]
    struct Paid {
        at: u64,
        size: u64,
        window_start: u64,
    }

    /// Sends packets, each so many jiffies after the one before; one that cannot be paid is not tried again.
    fn send(credit: &mut Credit, steps: &[(u16, u64)]) -> Vec<Paid> {
        let (mut now, mut timer, mut paid) = (0, None, Vec::new());
        for &(size, pause) in steps {
            now += pause;
            if timer.is_some_and(|due| due <= now) {
                credit.expire();
                timer = None;
            }
            let window_start = credit.window_start.min(now);
            match credit.pay(size, now) {
                Payment::Paid => paid.push(Paid { at: now, size: u64::from(size), window_start }),
                Payment::DueAt(due) => timer = Some(due),
                Payment::Running => assert!(timer.is_some()),
            }
        }
        paid
    }

    /// The first stretch of what was paid that is more than the largest burst and two chunks for each window begun since
    /// the one that was current at the stretch's start.
    fn excess(bytes: u64, window: u64, paid: &[Paid]) -> Option<(u64, Paid, Paid)> {
        (0..paid.len()).find_map(|at| {
            let (first, mut sum) = (paid[at], 0);
            paid[at..].iter().find_map(|last| {
                sum += last.size;
                let windows = (last.at - first.window_start) / window + 1;
                (sum > bytes.max(LEAST_BURST) + 2 * windows * bytes).then_some((sum, first, *last))
            })
        })
    }

    /// After three small packets in 66 jiffies the window lags by four. Every packet that follows is longer than a chunk, so
    /// the lag is made up for within ten jiffies: more than the windows of those ten jiffies alone would give.
    #[test]
    fn missed_windows_are_made_up_for_while_packets_are_long() {
        let (bytes, window) = (27_389, 14);
        let small = [(1077, 17), (1573, 23), (1477, 26)];
        let long = [(65_483, 2), (59_526, 2), (53_791, 2), (65_021, 2), (53_767, 1), (64_176, 1)];
        let paid = send(&mut credit(bytes, window * 1000), &[&small[..], &long[..]].concat());
        let from_66: u64 = paid.iter().filter(|paid| paid.at >= 66).map(|paid| paid.size).sum();
        assert_eq!((from_66, paid[paid.len() - 1].at), (190_200, 76));
        assert!(from_66 > LEAST_BURST + 2 * bytes);
        assert!(excess(bytes, window, &paid).is_none());
    }

    proptest! {
        /// However a guest sends, and however long it waits in between: from any instant on, no more than the largest burst
        /// and two chunks for each window begun since the one that was current then. Two, because a packet that is too long
        /// for what a late window adds sets the timer to that window's end, which is past: it runs at once and adds another
        /// chunk.
        #[test]
        fn a_rate_is_kept(
            bytes in 1_u64..200_000,
            window in 1_u64..20,
            steps in proptest::collection::vec((any::<u16>(), 0_u64..30), 1..200),
        ) {
            let paid = send(&mut credit(bytes, window * 1000), &steps);
            let excess = excess(bytes, window, &paid);
            prop_assert!(excess.is_none(), "{excess:?}");
        }
    }
}
