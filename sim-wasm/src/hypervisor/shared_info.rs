//! The page that Xen and a guest share about events, and the guest's side of it: `struct shared_info` of a 64-bit guest
//! (`xen/include/public/xen.h`).
//!
//! ```text
//!   0      vcpu_info[32], 64 bytes each:  upcall_pending u8 @0   upcall_mask u8 @1   pending_sel u64 @8
//!   2048   evtchn_pending[64] u64         one bit a port
//!   2560   evtchn_mask[64]    u64         one bit a port
//! ```
//!
//! Two levels: a bit of a vCPU's selector says that some port of that word of `evtchn_pending` wants attention.
//!
//! Not modelled: the clocks and the rest of the page, masking a vCPU's upcalls as a whole (`evtchn_upcall_mask`), vCPUs
//! beyond the page's 32, and the FIFO form of the bits.

use crate::hypervisor::page::Page;
use crate::words::ids::{Port, VcpuId};

/// Bits in one word, and words in one array.
const BITS_PER_WORD: u32 = 64;
/// Ports of a domain, the first of which is reserved.
pub const PORTS: u32 = BITS_PER_WORD * BITS_PER_WORD;
/// vCPUs with a place in the page, `XEN_LEGACY_MAX_VCPUS`.
pub const VCPUS: u8 = 32;

const WORD_SIZE: usize = 8;
const VCPU_INFO_SIZE: usize = 64;
const UPCALL_PENDING: usize = 0;
const PENDING_SELECTOR: usize = 8;
const EVENTS_PENDING: usize = VCPU_INFO_SIZE * VCPUS as usize;
const EVENTS_MASK: usize = EVENTS_PENDING + WORD_SIZE * BITS_PER_WORD as usize;

/// How far a notification got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// The port was pending already: this one and the earlier one are one event.
    Coalesced,
    /// The port is pending now, and masked: unmasking it will tell.
    Masked,
    /// The word was selected already: the vCPU will find the port in the scan that it owes.
    Selected,
    /// The vCPU's flag was set already: the upcall that it owes will find the word.
    UpcallOwed,
    /// The vCPU is kicked.
    Upcall,
}

/// Whether an event waits at the port.
#[inline]
pub fn is_pending(page: &Page, port: Port) -> bool {
    test_bit(page, EVENTS_PENDING, port)
}

/// Whether the port is kept from calling.
#[inline]
pub fn is_masked(page: &Page, port: Port) -> bool {
    test_bit(page, EVENTS_MASK, port)
}

/// Whether the vCPU's flag is set, and an upcall due.
pub fn is_upcall_pending(page: &Page, vcpu: VcpuId) -> bool {
    page.read_u8(vcpu_info(vcpu) + UPCALL_PENDING) != 0
}

/// Sets a port pending and calls the vCPU if nothing keeps it from being called (`evtchn_2l_set_pending`).
#[inline]
pub fn set_pending(page: &mut Page, port: Port, vcpu: VcpuId) -> Raised {
    if test_and_write_bit(page, EVENTS_PENDING, port, true) {
        return Raised::Coalesced;
    }
    if is_masked(page, port) {
        return Raised::Masked;
    }
    select(page, port, vcpu)
}

/// Takes the event off the port.
#[inline]
pub fn clear_pending(page: &mut Page, port: Port) {
    test_and_write_bit(page, EVENTS_PENDING, port, false);
}

/// Keeps the port from calling (`mask_evtchn`).
#[inline]
pub fn mask(page: &mut Page, port: Port) {
    test_and_write_bit(page, EVENTS_MASK, port, true);
}

/// Keeps every port from calling, as a guest does before it has handlers (`xen_init_IRQ`).
pub fn mask_all(page: &mut Page) {
    for word in 0..BITS_PER_WORD as usize {
        page.write_u64(EVENTS_MASK + word * WORD_SIZE, u64::MAX);
    }
}

/// Lets the port call again. An event that came meanwhile is raised now (`evtchn_2l_unmask`, `unmask_evtchn`); the answer
/// is nothing if there was none.
#[inline]
pub fn unmask(page: &mut Page, port: Port, vcpu: VcpuId) -> Option<Raised> {
    let was_masked = test_and_write_bit(page, EVENTS_MASK, port, false);
    (was_masked && is_pending(page, port)).then(|| select(page, port, vcpu))
}

/// Begins to serve a port: masked while its handler runs, its event taken off first, so that one that comes during the
/// handler is not lost (`ack_dynirq` in `drivers/xen/core/evtchn.c`).
#[inline]
pub fn ack(page: &mut Page, port: Port) {
    mask(page, port);
    clear_pending(page, port);
}

#[inline]
fn select(page: &mut Page, port: Port, vcpu: VcpuId) -> Raised {
    let info = vcpu_info(vcpu);
    let selector = page.read_u64(info + PENDING_SELECTOR);
    let selected = selector | 1 << (port.0 / BITS_PER_WORD);
    if selected == selector {
        return Raised::Selected;
    }
    page.write_u64(info + PENDING_SELECTOR, selected);
    if is_upcall_pending(page, vcpu) {
        return Raised::UpcallOwed;
    }
    page.write_u8(info + UPCALL_PENDING, 1);
    Raised::Upcall
}

/// A vCPU's walk over its pending ports (`evtchn_do_upcall` in `drivers/xen/core/evtchn.c`).
///
/// The walk resumes after the port that was served last, also from one upcall to the next: otherwise a busy port with a
/// low number would starve the others.
#[derive(Clone, Copy, Debug)]
pub struct UpcallScan {
    vcpu: VcpuId,
    /// Words still to be looked at.
    selector: u64,
    /// Where the walk is.
    word: u32,
    bit: u32,
    /// The port after the one served last.
    resume: Port,
}

impl UpcallScan {
    /// The walk of a vCPU that has served nothing yet.
    pub const fn new(vcpu: VcpuId) -> UpcallScan {
        UpcallScan { vcpu, selector: 0, word: 0, bit: 0, resume: Port(0) }
    }

    /// Enters the upcall: clears the vCPU's flag first, then takes its selector.
    pub fn begin(&mut self, page: &mut Page) {
        let info = vcpu_info(self.vcpu);
        page.write_u8(info + UPCALL_PENDING, 0);
        self.selector |= page.read_u64(info + PENDING_SELECTOR);
        page.write_u64(info + PENDING_SELECTOR, 0);
        self.word = self.resume.0 / BITS_PER_WORD;
        self.bit = self.resume.0 % BITS_PER_WORD;
    }

    /// The next port to serve, which must be acknowledged before the one after it is asked for; nothing at the end.
    pub fn next_port(&mut self, page: &Page) -> Option<Port> {
        while self.selector != 0 {
            if self.selector & 1 << self.word == 0 {
                self.next_word();
                continue;
            }
            let word = self.word as usize * WORD_SIZE;
            let active = page.read_u64(EVENTS_PENDING + word) & !page.read_u64(EVENTS_MASK + word);
            let ahead = active & u64::MAX.checked_shl(self.bit).unwrap_or(0);
            if ahead != 0 {
                let bit = ahead.trailing_zeros();
                let port = Port(self.word * BITS_PER_WORD + bit);
                self.bit = bit + 1;
                self.resume = Port((port.0 + 1) % PORTS);
                return Some(port);
            }
            if active == 0 {
                self.selector &= !(1 << self.word);
            }
            self.next_word();
        }
        None
    }

    fn next_word(&mut self) {
        self.word = (self.word + 1) % BITS_PER_WORD;
        self.bit = 0;
    }
}

#[inline]
fn vcpu_info(vcpu: VcpuId) -> usize {
    assert!(vcpu.0 < VCPUS, "a vCPU has a place in the shared page");
    vcpu.0 as usize * VCPU_INFO_SIZE
}

#[inline]
fn locate(array: usize, port: Port) -> (usize, u64) {
    assert!(port.0 < PORTS, "a port has a bit in the shared page");
    (array + (port.0 / BITS_PER_WORD) as usize * WORD_SIZE, 1 << (port.0 % BITS_PER_WORD))
}

#[inline]
fn test_bit(page: &Page, array: usize, port: Port) -> bool {
    let (at, bit) = locate(array, port);
    page.read_u64(at) & bit != 0
}

#[inline]
fn test_and_write_bit(page: &mut Page, array: usize, port: Port, value: bool) -> bool {
    let (at, bit) = locate(array, port);
    let word = page.read_u64(at);
    page.write_u64(at, if value { word | bit } else { word & !bit });
    word & bit != 0
}
