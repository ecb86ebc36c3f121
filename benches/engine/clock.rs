//! Times of several runs.

use std::time::Instant;

/// How long each run took, in nanoseconds, the fastest first; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    /// Runs something once for nothing, then as often as it counts.
    pub(crate) fn measure(runs: u32, mut run: impl FnMut()) -> Self {
        run();
        let time = |()| {
            let start = Instant::now();
            run();
            u64::try_from(start.elapsed().as_nanos()).expect("a run takes less than five hundred years")
        };
        Self::new((0..runs).map(|_| ()).map(time).collect()).expect("something was run")
    }

    /// Times that somebody else took; `None` if there are none.
    pub(crate) fn new(mut nanos: Vec<u64>) -> Option<Self> {
        nanos.sort_unstable();
        (!nanos.is_empty()).then_some(Self(nanos))
    }

    /// The middle one.
    pub(crate) fn median(&self) -> u64 {
        self.0[self.0.len() / 2]
    }

    /// By how much of the median the slowest and the fastest run differ.
    pub(crate) fn spread(&self) -> f64 {
        let [fastest, slowest] = [self.0[0], self.0[self.0.len() - 1]];
        (slowest - fastest) as f64 / self.median() as f64
    }
}
