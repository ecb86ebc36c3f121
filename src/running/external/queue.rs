//! Whose turn it is: one request at a time to a host, with a pause behind each.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Things to do at hosts. Moments are durations since the start.
#[derive(Debug)]
pub(super) struct Queue<T> {
    hosts: BTreeMap<String, Host<T>>,
}

#[derive(Debug)]
struct Host<T> {
    waiting: VecDeque<T>,
    /// Whether somebody is there.
    busy: bool,
    /// Before this moment nobody goes there.
    free: Duration,
}

/// What somebody who asks for work is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<T> {
    /// Do this.
    Do(T),
    /// Come back after so long.
    Wait(Duration),
    /// Come back when somebody else has ended.
    WaitForOthers,
    /// All is done.
    Done,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { hosts: BTreeMap::new() }
    }

    /// Puts something into a host's line.
    pub(super) fn put(&mut self, host: &str, thing: T) {
        let new = || Host { waiting: VecDeque::new(), busy: false, free: Duration::ZERO };
        self.hosts.entry(host.to_owned()).or_insert_with(new).waiting.push_back(thing);
    }

    /// Takes away all that waits at a host.
    pub(super) fn leave(&mut self, host: &str) -> impl Iterator<Item = T> + use<T> {
        self.hosts.get_mut(host).map(|host| std::mem::take(&mut host.waiting)).unwrap_or_default().into_iter()
    }

    /// The next thing to do: at the host that has been free for the longest time.
    pub(super) fn take(&mut self, now: Duration) -> Turn<T> {
        let ready = self.hosts.values_mut().filter(|host| !host.busy && !host.waiting.is_empty());
        let Some(host) = ready.min_by_key(|host| host.free) else {
            let is_busy = self.hosts.values().any(|host| host.busy);
            return if is_busy { Turn::WaitForOthers } else { Turn::Done };
        };
        if host.free > now {
            return Turn::Wait(host.free - now);
        }
        let Some(thing) = host.waiting.pop_front() else { return Turn::WaitForOthers };
        host.busy = true;
        Turn::Do(thing)
    }

    /// Says that what was to be done at a host is done, and when somebody may go there again.
    pub(super) fn end(&mut self, host: &str, free: Duration) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.busy = false;
            host.free = free;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_guest_at_a_time_and_rests_behind_each() {
        let at = Duration::from_secs;
        let mut queue = Queue::new();
        for (host, thing) in [("a", 1), ("a", 2), ("b", 3)] {
            queue.put(host, thing);
        }
        assert_eq!(queue.take(at(0)), Turn::Do(1));
        assert_eq!(queue.take(at(0)), Turn::Do(3));
        assert_eq!(queue.take(at(0)), Turn::WaitForOthers);
        queue.end("a", at(5));
        assert_eq!(queue.take(at(1)), Turn::Wait(at(4)));
        queue.put("c", 4);
        assert_eq!(queue.take(at(1)), Turn::Do(4), "another host need not wait");
        queue.end("b", at(2));
        queue.end("c", at(2));
        assert_eq!(queue.take(at(5)), Turn::Do(2));
        assert_eq!(queue.take(at(5)), Turn::WaitForOthers);
        queue.put("a", 5);
        queue.put("a", 6);
        assert_eq!(queue.leave("a").collect::<Vec<_>>(), [5, 6]);
        queue.end("a", at(9));
        assert_eq!(queue.take(at(5)), Turn::Done);
    }
}
