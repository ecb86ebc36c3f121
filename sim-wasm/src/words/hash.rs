//! One fingerprint of a run: FNV-1a over 64 bits (draft-eastlake-fnv).
//!
//! It tells two runs apart after a fault of ours; it does not resist an attacker.
//!
//! Not modelled: resistance to collisions that somebody makes.

/// A hash under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Fnv1a {
    const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01B3;

    /// The hash of nothing.
    pub const fn new() -> Fnv1a {
        Fnv1a(Fnv1a::OFFSET_BASIS)
    }

    /// Takes in more bytes.
    pub const fn write(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            self.0 = (self.0 ^ bytes[at] as u64).wrapping_mul(Fnv1a::PRIME);
            at += 1;
        }
    }

    /// Takes in a number as its four little-endian bytes.
    #[inline(never)]
    pub const fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    /// Takes in a number as its eight little-endian bytes.
    #[inline(never)]
    pub const fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    /// The hash of all bytes so far.
    pub const fn finish(self) -> u64 {
        self.0
    }
}

/// So that what derives [`Hash`] can be taken in. Numbers count as their little-endian bytes whatever the machine, and those
/// whose width is the machine's, such as an enum's discriminant, as eight.
impl core::hash::Hasher for Fnv1a {
    fn write(&mut self, bytes: &[u8]) {
        Fnv1a::write(self, bytes);
    }

    #[inline(never)]
    fn write_u8(&mut self, number: u8) {
        Fnv1a::write(self, &[number]);
    }

    #[inline(never)]
    fn write_u16(&mut self, number: u16) {
        Fnv1a::write(self, &number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        Fnv1a::write_u32(self, number);
    }

    fn write_u64(&mut self, number: u64) {
        Fnv1a::write_u64(self, number);
    }

    fn write_usize(&mut self, number: usize) {
        Fnv1a::write_u64(self, number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        Fnv1a::write_u64(self, number as i64 as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Fnv1a {
    fn default() -> Fnv1a {
        Fnv1a::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Fnv1a;

    fn check(bytes: &[u8], expect: u64) {
        let mut hash = Fnv1a::new();
        hash.write(bytes);
        assert_eq!(hash.finish(), expect);
    }

    #[test]
    fn the_published_vectors_come_out() {
        check(b"", 0xCBF2_9CE4_8422_2325);
        check(b"a", 0xAF63_DC4C_8601_EC8C);
        check(b"foobar", 0x8594_4171_F739_67E8);
    }

    #[test]
    fn numbers_are_their_little_endian_bytes() {
        let (mut numbers, mut bytes) = (Fnv1a::new(), Fnv1a::new());
        numbers.write_u32(0x0403_0201);
        numbers.write_u64(5);
        bytes.write(&[1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(numbers, bytes);
    }
}
