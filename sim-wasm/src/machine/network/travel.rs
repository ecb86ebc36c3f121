//! The machine on a [timeline](crate::machine::timeline): it goes on by appointments, and what can be done to it in between
//! is what can go wrong.
//!
//! Not modelled: changing a setting in the midst of a run, save by what can go wrong.

use crate::machine::network::Network;
use crate::machine::network::settings::FaultKind;
use crate::machine::timeline::Machine;
use crate::words::time::Time;

impl Machine for Network {
    type Action = FaultKind;

    fn due(&self) -> Option<Time> {
        self.agenda.peek_time().filter(|time| *time <= self.settings.until)
    }

    fn step(&mut self) {
        Network::step(self);
    }

    fn act(&mut self, action: &FaultKind) {
        self.go_wrong(action.clone());
        self.settle();
    }

    /// The log of a copy begins where the copy was made: a long run's log is larger than its machine.
    fn copy(&mut self) -> Network {
        let log = core::mem::take(&mut self.log);
        let mut copy = self.clone();
        copy.log = log.successor();
        self.log = log;
        copy
    }
}
