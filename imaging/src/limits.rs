//! What a picture may cost: [`Limits`] for one, a [`Gate`] for all that are worked on at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::refused::Refused;

/// What one picture may cost; looked at before its pixels are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of the picture, and of each wanted size.
    pub pixels: u64,
    /// Bytes that decoding may take.
    pub memory: u64,
}

impl Default for Limits {
    /// More than any camera makes; a bomb of zeros stops here.
    fn default() -> Self {
        Self { bytes: 256 << 20, pixels: 200_000_000, memory: 2 << 30 }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), Refused> {
        let has = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if has > self.bytes { Err(Refused::Bytes { has, most: self.bytes }) } else { Ok(()) }
    }

    pub(crate) fn check_pixels(&self, width: u32, height: u32) -> Result<(), Refused> {
        let has = u64::from(width) * u64::from(height);
        if has > self.pixels { Err(Refused::Pixels { has, most: self.pixels }) } else { Ok(()) }
    }

    pub(crate) fn check_memory(&self, takes: u64) -> Result<(), Refused> {
        if takes > self.memory { Err(Refused::Memory { takes, most: self.memory }) } else { Ok(()) }
    }
}

/// Lets pictures in while what their decoding takes together stays below a number of bytes, so that memory does not grow with the
/// processors.
///
/// A picture that takes more comes in alone.
#[derive(Debug)]
pub struct Gate {
    most: u64,
    inside: Mutex<u64>,
    left: Condvar,
}

impl Gate {
    /// A gate for that many bytes at a time.
    #[must_use]
    pub const fn new(most: u64) -> Self {
        Self { most, inside: Mutex::new(0), left: Condvar::new() }
    }

    /// Waits until there is room for a picture that takes so many bytes.
    pub(crate) fn enter(&self, takes: u64) -> Pass<'_> {
        let takes = takes.min(self.most);
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |inside: &mut u64| *inside + takes > self.most;
        let mut inside = self.left.wait_while(inside, full).unwrap_or_else(PoisonError::into_inner);
        *inside += takes;
        Pass { gate: self, takes }
    }
}

/// A picture's place behind a [`Gate`], given back when this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    takes: u64,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner) -= self.takes;
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_gate_never_holds_more_than_it_may() {
        let (gate, inside, most) = (Gate::new(100), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for pixels in [60, 60, 30, 40, 10, 50, 20] {
                let (gate, inside, most) = (&gate, &inside, &most);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let _pass = gate.enter(pixels);
                        most.fetch_max(inside.fetch_add(pixels, Ordering::SeqCst) + pixels, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(pixels, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((60..=100).contains(&most.into_inner()));
    }

    #[test]
    fn a_picture_larger_than_the_gate_comes_in_alone() {
        let gate = Gate::new(100);
        drop(gate.enter(1_000));
        drop((gate.enter(50), gate.enter(50)));
    }
}
