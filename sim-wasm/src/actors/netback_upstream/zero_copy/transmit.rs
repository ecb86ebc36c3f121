//! The transmit poll: what a guest sends (`xenvif_poll`, `xenvif_tx_action`, `xenvif_tx_build_gops`).
//!
//! Not modelled: that polls of several interfaces share a processor's budget.

use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::netback_upstream::limits::NAPI_BUDGET;
use crate::actors::netback_upstream::requests::{Dialect, Taken, Taking, give_back};
use crate::actors::netback_upstream::zero_copy::{Health, Queue, ZeroCopy};
use crate::words::ids::VifId;

impl ZeroCopy {
    /// One poll: at most 64 packets. True if it has to run again, since the budget was used up or there is more; otherwise
    /// the next request will ring, or the credit timer will.
    pub(super) fn poll(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        k.log.about(vif);
        let Self { settings, clock, queues, bounce, packet, pass, bytes, .. } = self;
        let Some(queue) = queues.get_mut(usize::from(vif.0)).and_then(Option::as_deref_mut) else { return false };
        if queue.health != Health::Sound {
            return false;
        }
        pass.begin(bounce);
        while pass.packets() < NAPI_BUDGET {
            let Queue { link, credit, groups, .. } = queue;
            let mut taking = Taking { dialect: Dialect::Mainline, clock: *clock, credit, groups };
            match taking.take(k, link, packet) {
                Taken::Packet => {
                    if !pass.plan(k, bounce, queue, (packet, settings.header)) {
                        give_back(k, &mut queue.link, packet, Refusal::NoMemory);
                        break;
                    }
                }
                Taken::Answered => {}
                // A refusal ends this pass and not the poll: the final check finds what follows it.
                Taken::Nothing | Taken::Refused => break,
                Taken::NoCredit(until) => {
                    if let Some(until) = until {
                        k.ask(Ask::Arm(Timer::Credit(vif), Some(until)));
                    }
                    break;
                }
                Taken::Fatal(why) => {
                    queue.disable(k, why);
                    break;
                }
            }
        }
        let done = pass.carry_out(k, queue, bytes);
        if done == NAPI_BUDGET {
            k.also(Event::Backend(Backend::BudgetSpent { packets: done }));
            return true;
        }
        // A limited interface is polled again by its timer.
        !queue.credit.is_rate_limited() && queue.more_to_do(k)
    }

    /// Credit came back (`xenvif_tx_credit_callback`).
    pub(super) fn tx_credit_callback(&mut self, k: &mut Kernel, vif: VifId) {
        k.log.about(vif);
        let Some(queue) = self.queue_mut(vif) else { return };
        queue.credit.expire();
        let remaining = u32::try_from(queue.credit.remaining()).unwrap_or(u32::MAX);
        k.step(Event::Backend(Backend::CreditGranted { remaining }));
        if queue.more_to_do(k) {
            k.ask(Ask::Run(Task::BackPoll(vif)));
        }
    }
}

impl Queue {
    /// Looks once more, after asking for an event (`xenvif_napi_schedule_or_enable_events`).
    fn more_to_do(&self, k: &mut Kernel) -> bool {
        self.health == Health::Sound && self.link.transmit.final_check(k)
    }
}
