//! How many interleavings lead on from a state, and in how many of them something goes wrong.
//!
//! [`explore`](crate::protocols::explorer::explore) finds one interleaving of each kind; [`Futures`] counts all of them.
//! That needs a protocol without circles, in which no end looks for entries again and again:
//! [`Ways::RequestsOnly`].
//!
//! Not modelled: how likely an interleaving is. Each counts as one, though most of them a real machine hardly ever takes.

use alloc::vec::Vec;

use crate::protocols::notification_model::{Action, Contents, Protocol, State, Ways};

/// Interleavings from one state to an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Futures {
    /// All of them.
    pub all: u64,
    /// Those in which the back sleeps for ever beside a request.
    pub lost: u64,
    /// Those in which the back takes a request that was not written yet.
    pub stale: u64,
}

/// The futures of every state that can be reached.
#[derive(Debug)]
pub struct Counted {
    protocol: Protocol,
    /// In the order of the states, of which there are some hundred at most.
    known: Vec<(State, Futures)>,
}

impl Counted {
    /// Counts from a state on.
    ///
    /// # Panics
    /// If responses go back too: their protocol has circles.
    #[must_use]
    pub fn from(protocol: &Protocol, start: State) -> Counted {
        assert!(protocol.ways == Ways::RequestsOnly, "what is counted has an end");
        let mut counted = Counted { protocol: *protocol, known: Vec::new() };
        counted.count(start);
        counted
    }

    /// How many states there are.
    #[must_use]
    pub fn states(&self) -> u64 {
        self.known.len() as u64
    }

    /// The futures of a state; none of one that cannot be reached.
    #[must_use]
    pub fn of(&self, state: &State) -> Futures {
        self.place(state).map_or(Futures::default(), |at| self.known[at].1)
    }

    fn count(&mut self, state: State) -> Futures {
        if let Ok(at) = self.place(&state) {
            return self.known[at].1;
        }
        let steps = state.steps(&self.protocol);
        let mut futures = Futures::default();
        if steps.is_empty() {
            futures = Futures { all: 1, lost: u64::from(state.is_lost_wakeup(&self.protocol)), stale: 0 };
        }
        for (step, next) in steps {
            let beyond = self.count(next);
            futures.all += beyond.all;
            futures.lost += beyond.lost;
            let spoiled = matches!(step.action, Action::TakeEntry(_, Contents::Stale));
            futures.stale += if spoiled { beyond.all } else { beyond.stale };
        }
        if let Err(at) = self.place(&state) {
            self.known.insert(at, (state, futures));
        }
        futures
    }

    fn place(&self, state: &State) -> Result<usize, usize> {
        self.known.binary_search_by(|(known, _)| known.cmp(state))
    }
}
