//! Everybody is asked: [`ask_all`] sends errands to their hosts, several at a time, and each host is left alone between two of them.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::files::config::CheckConfig;
use crate::running::external::client::{agent, ask};
use crate::running::external::errand::{Answer, Errand, Step, Wanted};
use crate::running::external::queue::{Queue, Turn};
use crate::running::progress::Progress;
use crate::words::address::origin;

/// Connections at a time.
const MOST_AT_A_TIME: usize = 8;

/// How long a host is left alone between two requests.
const PAUSE: Duration = Duration::from_millis(250);

/// What is known of each address, in their order.
pub(super) fn ask_all(wanted: &[Wanted], check: &CheckConfig, timeout: Duration, progress: &Progress) -> Vec<Answer> {
    let mut queue = Queue::new();
    for (about, wanted) in wanted.iter().enumerate() {
        queue.put(origin(&wanted.url), Errand::new(about, wanted));
    }
    let office = Office {
        open: Mutex::new(Open { queue, answers: wanted.iter().map(|_| None).collect() }),
        changed: Condvar::new(),
        started: Instant::now(),
    };
    let agent = agent(timeout);
    thread::scope(|scope| {
        for _ in 0..MOST_AT_A_TIME.min(wanted.len()) {
            scope.spawn(|| {
                while let Some(errand) = office.take() {
                    let (host, about) = (origin(&errand.url).to_owned(), errand.about);
                    let wanted = &wanted[about];
                    // A host that nobody comes back from would be waited for until the end of days.
                    let asked = panic::catch_unwind(AssertUnwindSafe(|| {
                        let reply = ask(&agent, &errand.url, errand.method, !wanted.places.is_empty());
                        errand.next(reply, wanted, check)
                    }));
                    let failed = |_| Step::End(Answer::Unknown("asking for it failed".to_owned()));
                    let ended = office.put(&host, about, asked.unwrap_or_else(failed));
                    (0..ended).for_each(|_| progress.step());
                }
            });
        }
    });
    let open = office.open.into_inner().unwrap_or_else(PoisonError::into_inner);
    open.answers.into_iter().map(|answer| answer.expect("every errand comes to an end")).collect()
}

/// Where threads get errands, and bring what came of them.
struct Office {
    open: Mutex<Open>,
    changed: Condvar,
    started: Instant,
}

struct Open {
    queue: Queue<Errand>,
    answers: Vec<Option<Answer>>,
}

impl Office {
    /// The next errand, when it is time for it; none when all is done.
    fn take(&self) -> Option<Errand> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            open = match open.queue.take(self.started.elapsed()) {
                Turn::Do(errand) => return Some(errand),
                Turn::Done => return None,
                Turn::WaitForOthers => self.changed.wait(open).unwrap_or_else(PoisonError::into_inner),
                Turn::Wait(time) => self.changed.wait_timeout(open, time).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Takes down what came of an errand to `host`, and says how many addresses that was the end of.
    fn put(&self, host: &str, about: usize, step: Step) -> usize {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut pause, mut ended) = (PAUSE, 1);
        match step {
            Step::Ask(errand, wait) => {
                let host = origin(&errand.url).to_owned();
                open.queue.put(&host, errand);
                (pause, ended) = (PAUSE.max(wait), 0);
            }
            Step::End(answer) => open.answers[about] = Some(answer),
            Step::Leave(answer) => {
                for errand in open.queue.leave(host) {
                    open.answers[errand.about] = Some(answer.clone());
                    ended += 1;
                }
                open.answers[about] = Some(answer);
            }
        }
        open.queue.end(host, self.started.elapsed() + pause);
        self.changed.notify_all();
        ended
    }
}
