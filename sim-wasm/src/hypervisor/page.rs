//! One frame's contents: 4096 bytes, read and written as little-endian numbers.
//!
//! Not modelled: caches and their attributes, and tearing. A number is read and written whole.

use alloc::boxed::Box;

/// Bytes in a frame, `XEN_PAGE_SIZE`.
pub const PAGE_SIZE: usize = 4096;

/// The page that nobody has written to yet.
pub static ZEROS: Page = Page::zeroed();

/// The bytes of one frame.
///
/// Offsets come from layouts, never from a guest: a guest's offset is checked by the hypercall or the protocol that takes
/// it. An offset beyond the page is therefore a broken invariant, and every accessor panics on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page([u8; PAGE_SIZE]);

impl Page {
    /// A page of zeros.
    pub const fn zeroed() -> Page {
        Page([0; PAGE_SIZE])
    }

    /// A page of zeros of its own.
    #[cold]
    pub fn boxed() -> Box<Page> {
        Box::new(Page::zeroed())
    }

    /// All bytes.
    pub const fn bytes(&self) -> &[u8; PAGE_SIZE] {
        &self.0
    }

    /// `N` bytes from `offset` on.
    #[inline]
    pub fn read<const N: usize>(&self, offset: usize) -> [u8; N] {
        assert!(offset <= PAGE_SIZE - N, "a layout stays inside its page");
        *self.0[offset..].first_chunk().expect("a layout stays inside its page")
    }

    /// Replaces the bytes from `offset` on.
    #[inline]
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Moves bytes within the page; the two places may overlap.
    pub fn copy_within(&mut self, from: usize, to: usize, len: usize) {
        self.0.copy_within(from..from + len, to);
    }

    /// Zeroes the whole page.
    pub const fn clear(&mut self) {
        self.0 = [0; PAGE_SIZE];
    }

    /// One byte.
    #[inline]
    pub fn read_u8(&self, offset: usize) -> u8 {
        self.0[offset]
    }

    /// Two bytes as a number.
    #[inline]
    pub fn read_u16(&self, offset: usize) -> u16 {
        u16::from_le_bytes(self.read(offset))
    }

    /// Four bytes as a number.
    #[inline]
    pub fn read_u32(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.read(offset))
    }

    /// Eight bytes as a number.
    #[inline]
    pub fn read_u64(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.read(offset))
    }

    /// Replaces one byte.
    #[inline]
    pub fn write_u8(&mut self, offset: usize, value: u8) {
        self.0[offset] = value;
    }

    /// Replaces two bytes.
    #[inline]
    pub fn write_u16(&mut self, offset: usize, value: u16) {
        self.write(offset, &value.to_le_bytes());
    }

    /// Replaces four bytes.
    #[inline]
    pub fn write_u32(&mut self, offset: usize, value: u32) {
        self.write(offset, &value.to_le_bytes());
    }

    /// Replaces eight bytes.
    #[inline]
    pub fn write_u64(&mut self, offset: usize, value: u64) {
        self.write(offset, &value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_SIZE, Page};

    #[test]
    fn numbers_are_little_endian() {
        let mut page = Page::zeroed();
        page.write_u64(PAGE_SIZE - 8, 0x0807_0605_0403_0201);
        assert_eq!(page.read(PAGE_SIZE - 8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(page.read_u16(PAGE_SIZE - 7), 0x0302);
        page.write_u32(PAGE_SIZE - 4, 0);
        page.write_u8(PAGE_SIZE - 8, 9);
        page.write_u16(PAGE_SIZE - 6, 0xFFFF);
        assert_eq!(page.bytes()[PAGE_SIZE - 8..], [9, 2, 255, 255, 0, 0, 0, 0]);
        assert_eq!((page.read_u8(0), page.read_u32(PAGE_SIZE - 8)), (0, 0xFFFF_0209));
        page.clear();
        assert_eq!(page, Page::zeroed());
    }

    #[test]
    #[should_panic]
    fn a_number_does_not_hang_over_the_edge() {
        Page::zeroed().read_u32(PAGE_SIZE - 3);
    }
}
