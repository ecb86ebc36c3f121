//! A long run that one can go back in.

use sim::machine::network::Network;
use sim::machine::timeline::{Machine, Timeline};
use sim::words::time::Time;

use crate::path::{Telling, machine};

/// Changes of state in the run, about.
const EVENTS: u64 = 1_000_000;

/// The machine without a log, until its run ends.
#[derive(Clone)]
struct Runner {
    network: Network,
    ended: bool,
}

impl Machine for Runner {
    type Action = ();

    fn due(&self) -> Option<Time> {
        (!self.ended).then(|| self.network.now())
    }

    fn step(&mut self) {
        self.ended = !self.network.step();
    }

    fn act(&mut self, (): &()) {}
}

/// The scenario's run with so many events, done.
pub struct LongRun {
    timeline: Timeline<Runner>,
    events: u64,
    steps: u64,
}

impl LongRun {
    /// Makes the run; a packet makes so many events.
    #[must_use]
    pub fn new(events_per_packet: u64) -> Self {
        let packets = EVENTS / events_per_packet.max(1);
        let network = machine(Telling::Off, u32::try_from(packets).expect("a million packets are enough"));
        let mut timeline = Timeline::new(Runner { network, ended: false });
        while timeline.step() {}
        let steps = timeline.at();
        Self { timeline, events: packets * events_per_packet, steps }
    }

    /// Events of the run, about.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Goes to the end.
    pub fn to_end(&mut self) {
        assert!(self.timeline.seek(self.steps), "a run has an end");
    }

    /// Goes to the middle.
    pub fn to_middle(&mut self) {
        assert!(self.timeline.seek(self.steps / 2), "a run has a middle");
    }
}
