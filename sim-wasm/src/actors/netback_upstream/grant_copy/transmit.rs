//! The transmit half of the thread: what guests send, one packet of each in turn (`xen_netbk_tx_action`,
//! `xen_netbk_tx_build_gops`).
//!
//! Not modelled: the gate at half of the slots, which never shuts: between passes none is held.

use crate::actors::kernel::{Ask, Kernel, Timer};
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::netback_upstream::grant_copy::{GrantCopy, Health};
use crate::actors::netback_upstream::limits::{LEGACY_SLOTS_MAX, MAX_PENDING_REQS};
use crate::actors::netback_upstream::requests::{Dialect, Taken, Taking, give_back};
use crate::words::ids::VifId;

/// Copies that a pass may gather (`tx_copy_ops`). A packet's last one may be beyond by as many as a packet takes.
const COPIES: usize = 2 * MAX_PENDING_REQS as usize;

impl GrantCopy {
    /// One pass. True if interfaces are left on the schedule.
    pub(super) fn tx_action(&mut self, k: &mut Kernel) -> bool {
        self.pass.begin();
        while self.pass.slots() + (LEGACY_SLOTS_MAX as u32) < MAX_PENDING_REQS && self.pass.copies() < COPIES {
            let Some(vif) = self.schedule.pop_front() else { break };
            if let Some(entry) = self.vif_mut(vif) {
                entry.scheduled = false;
            }
            k.log.about(vif);
            self.take_one(k, vif);
        }
        let Self { vifs, pass, settings, .. } = self;
        pass.carry_out(k, vifs, settings.header);
        !self.schedule.is_empty()
    }

    /// Takes one interface's next packet, and puts the interface at the schedule's end if it has more.
    fn take_one(&mut self, k: &mut Kernel, vif: VifId) {
        let Self { clock, vifs, packet, pass, settings, .. } = self;
        let Some(entry) = vifs.get_mut(usize::from(vif.0)).and_then(Option::as_deref_mut) else { return };
        if entry.health != Health::Sound {
            return;
        }
        let mut taking =
            Taking { dialect: Dialect::Linux34, clock: *clock, credit: &mut entry.credit, groups: &mut entry.groups };
        match taking.take(k, &mut entry.link, packet) {
            Taken::Packet => {
                if !pass.plan(k, &entry.link, (packet, settings.header)) {
                    give_back(k, &mut entry.link, packet, Refusal::NoMemory);
                }
            }
            Taken::Nothing | Taken::Answered | Taken::Refused => {}
            Taken::NoCredit(until) => {
                if let Some(until) = until {
                    k.ask(Ask::Arm(Timer::Credit(vif), Some(until)));
                }
                return;
            }
            Taken::Fatal(why) => return self.disable(k, vif, why),
        }
        self.check_transmit(k, vif);
    }

    /// Schedules the interface if it has requests; if not, the next one will ring (`xen_netbk_check_rx_xenvif`).
    pub(super) fn check_transmit(&mut self, k: &mut Kernel, vif: VifId) {
        let Some(entry) = self.vif(vif) else { return };
        if entry.health == Health::Sound && entry.link.transmit.final_check(k) {
            self.schedule_vif(k, vif);
        }
    }

    /// Credit came back (`tx_credit_callback`).
    pub(super) fn tx_credit_callback(&mut self, k: &mut Kernel, vif: VifId) {
        k.log.about(vif);
        let Some(entry) = self.vif_mut(vif) else { return };
        entry.credit.expire();
        let remaining = u32::try_from(entry.credit.remaining()).unwrap_or(u32::MAX);
        k.step(Event::Backend(Backend::CreditGranted { remaining }));
        self.check_transmit(k, vif);
    }

    /// The frontend is malicious (`netbk_fatal_tx_err`, XSA-39): the carrier goes off at once, which a thread may do.
    fn disable(&mut self, k: &mut Kernel, vif: VifId, why: Refusal) {
        let Some(entry) = self.vif_mut(vif) else { return };
        entry.health = Health::Down;
        entry.link.counters.transmit_errors += 1;
        k.step(Event::Backend(Backend::FrontendDisabled { why }));
        k.ask(Ask::Arm(Timer::Credit(vif), None));
        k.ask(Ask::CarrierOff(vif));
    }
}
