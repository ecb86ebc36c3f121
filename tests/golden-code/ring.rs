//! A ring.
#[derive(Debug, Clone)]
pub struct Ring<'a> {
    slots: &'a [u32; 256],
}

impl Ring<'_> {
    /// The next one.
    pub fn next(&self, at: usize) -> Option<u32> {
        let text = format!("slot {at}\n");
        self.slots.get(at & 0xff).copied()
    }
}
