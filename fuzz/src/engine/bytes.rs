//! Bytes read as numbers, from the front. Where they end, every number is 0, so that any bytes are a whole play.

/// What is left of the bytes.
#[derive(Clone, Debug)]
pub struct Bytes<'data>(&'data [u8]);

impl<'data> Bytes<'data> {
    /// All of the bytes.
    pub fn new(data: &'data [u8]) -> Self {
        Self(data)
    }

    /// The next byte, as long as there is one: what a loop over commands asks for.
    pub fn command(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below 256.
    pub fn byte(&mut self) -> u8 {
        self.command().unwrap_or(0)
    }

    /// A number below 2¹⁶.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A number below 2³².
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// One of the choices.
    ///
    /// # Panics
    /// If there are none.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// At most so many of the bytes that are left.
    pub fn take(&mut self, most: u8) -> &'data [u8] {
        let (taken, rest) = self.0.split_at(self.0.len().min(most.into()));
        self.0 = rest;
        taken
    }
}
