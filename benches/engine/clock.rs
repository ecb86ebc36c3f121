//! Times of several runs.

use std::time::Instant;

/// How long each run took, in nanoseconds, the fastest first; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    /// Runs something once for nothing, then as often as it counts.
    pub(crate) fn measure(runs: u32, mut run: impl FnMut()) -> Self {
        Self::measure_each(runs, &mut run, |_| (), |run| run())
    }

    /// The same, with something to be done before each run that takes no part.
    pub(crate) fn measure_each<T>(runs: u32, subject: &mut T, prepare: fn(&mut T), run: fn(&mut T)) -> Self {
        let mut nanos = Vec::new();
        for _ in 0..=runs {
            prepare(subject);
            let start = Instant::now();
            run(subject);
            nanos.push(u64::try_from(start.elapsed().as_nanos()).expect("a run takes less than five hundred years"));
        }
        nanos.remove(0);
        Self::new(nanos).expect("something was run")
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

    /// The shortest: what the machine can do when nobody else wants it.
    pub(crate) fn fastest(&self) -> u64 {
        self.0[0]
    }
}
