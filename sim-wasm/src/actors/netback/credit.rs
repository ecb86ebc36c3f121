//! What an interface may send in a window of time (`tx_add_credit`, `net_tx_action` in `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   window ──────────────> window + usec ──────────────>
//!   a packet fits: remaining −= its size      a packet does not fit, and the window is over: one chunk of `bytes` more;
//!   it does not: a timer for the window's end   windows that went by unused are not paid
//! ```
//!
//! What does not fit stays in the ring: credit delays a guest's requests, it never drops them.
//!
//! Not modelled: for a packet of more than a chunk that comes after its window, the driver sets the timer for the end of the
//! old window, which is over, and pays twice in each tick until the windows have caught up; here the timer is set for the end
//! of the window that has just begun. Nor are there limits in packets, and shares among interfaces.

use crate::actors::netback::jiffies::{Clock, Jiffies};
use crate::actors::netback::settings::VifSettings;

/// No single packet lets credit be saved up beyond this, `131072UL` in `tx_add_credit`.
const LARGEST_PACKET: u64 = 131_072;

/// An interface's credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credit {
    /// Bytes that a window is worth.
    bytes: u64,
    window: Jiffies,
    remaining: u64,
    /// When the window began, or the end of it that the timer is set for: one field in the driver too, the timer's
    /// `expires`.
    start: Jiffies,
    timer_pending: bool,
}

/// What becomes of a packet at the head of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is paid for.
    Pass,
    /// It is not, and the timer is to be set for then.
    Wait(Jiffies),
    /// It is not, and the timer runs already.
    Waiting,
}

impl Credit {
    /// A fresh interface's: a window's worth, and the first window begins now.
    pub(super) fn new(settings: &VifSettings, clock: Clock, now: Jiffies) -> Credit {
        Credit {
            bytes: settings.credit_bytes,
            window: clock.millis(settings.credit_usec / 1_000),
            remaining: settings.credit_bytes,
            start: now,
            timer_pending: false,
        }
    }

    /// Whether there is a limit at all (`credit_usec` is 0 for none).
    pub(super) const fn is_limited(&self) -> bool {
        self.bytes < u64::MAX
    }

    /// Bytes that may be sent now.
    pub(super) const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Pays for a packet of so many bytes, if it can be paid. `next` is what the packet's slot says of its size when credit
    /// is added, which may be something else by then.
    pub(super) fn charge(&mut self, size: u16, next: u16, now: Jiffies) -> Verdict {
        let size = u64::from(size);
        if size > self.remaining {
            if self.timer_pending {
                return Verdict::Waiting;
            }
            if now >= self.start.plus(self.window) {
                self.start = now;
                self.add(next);
            }
            if size > self.remaining {
                self.start = self.start.plus(self.window);
                self.timer_pending = true;
                return Verdict::Wait(self.start);
            }
        }
        self.remaining -= size;
        Verdict::Pass
    }

    /// The timer ran (`tx_credit_callback`): one chunk more. False if it was not set.
    pub(super) fn timer(&mut self, next: u16) -> bool {
        let was_pending = core::mem::take(&mut self.timer_pending);
        if was_pending {
            self.add(next);
        }
        was_pending
    }

    /// One window's worth, saved up to a window's worth or to the next packet if that is larger.
    fn add(&mut self, next: u16) {
        let most = u64::from(next).min(LARGEST_PACKET).max(self.bytes);
        self.remaining = self.remaining.saturating_add(self.bytes).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::{Credit, Verdict};
    use crate::actors::netback::jiffies::{Clock, Jiffies};
    use crate::actors::netback::settings::VifSettings;

    /// 2000 bytes in 50 ms of 10 ms each.
    fn credit() -> Credit {
        let settings = VifSettings { credit_bytes: 2_000, credit_usec: 50_000, queue_len: 32 };
        Credit::new(&settings, Clock::new(100), Jiffies(7))
    }

    #[test]
    fn a_window_that_is_used_up_makes_the_next_packet_wait() {
        let mut credit = credit();
        assert_eq!(credit.charge(1_500, 1_500, Jiffies(7)), Verdict::Pass);
        assert_eq!(credit.remaining(), 500);
        assert_eq!(credit.charge(501, 501, Jiffies(11)), Verdict::Wait(Jiffies(12)));
        assert_eq!(credit.charge(501, 501, Jiffies(11)), Verdict::Waiting);
        assert_eq!(credit.charge(500, 500, Jiffies(11)), Verdict::Pass, "what fits is sent meanwhile");
        assert!(credit.timer(501));
        assert_eq!(credit.remaining(), 2_000);
        assert!(!credit.timer(501), "it was set once");
    }

    #[test]
    fn windows_that_went_by_are_not_paid() {
        let mut credit = credit();
        assert_eq!(credit.charge(2_000, 2_000, Jiffies(7)), Verdict::Pass);
        assert_eq!(credit.charge(2_000, 2_000, Jiffies(700)), Verdict::Pass);
        assert_eq!(credit.charge(1, 1, Jiffies(700)), Verdict::Wait(Jiffies(705)));
    }

    #[test]
    fn credit_is_saved_up_to_a_window_or_to_the_packet_that_waits() {
        let mut credit = credit();
        assert_eq!(credit.charge(500, 500, Jiffies(7)), Verdict::Pass);
        // 1500 and 2000 more would be 3500.
        assert_eq!(credit.charge(3_000, 3_000, Jiffies(12)), Verdict::Pass);
        assert_eq!(credit.remaining(), 0);
        // A packet larger than a window needs several.
        assert_eq!(credit.charge(60_000, 60_000, Jiffies(20)), Verdict::Wait(Jiffies(25)));
        let (mut windows, mut now) = (0, 25);
        loop {
            assert!(credit.timer(60_000));
            windows += 1;
            match credit.charge(60_000, 60_000, Jiffies(now)) {
                Verdict::Pass => break,
                verdict => assert_eq!(verdict, Verdict::Wait(Jiffies(now + 5))),
            }
            now += 5;
        }
        assert_eq!(windows, 29, "one of thirty was paid when it was refused");
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut credit = Credit::new(&VifSettings::default(), Clock::new(100), Jiffies(0));
        assert!((0..100_000).all(|_| credit.charge(u16::MAX, u16::MAX, Jiffies(0)) == Verdict::Pass));
        credit.remaining = 10;
        assert_eq!(credit.charge(11, 11, Jiffies(0)), Verdict::Pass);
        assert_eq!(credit.remaining(), u64::MAX - 11);
    }
}
