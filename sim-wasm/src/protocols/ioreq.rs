//! A shared page of I/O requests, one slot for each vCPU of an HVM guest: what Xen asks of the guest's device model
//! (`struct ioreq` in `xen/include/public/hvm/ioreq.h`).
//!
//! ```text
//!   slot of 32 bytes, at vcpu × 32
//!   0      addr u64        port, or guest-physical address
//!   8      data u64        what is written, or what was read; with data_is_ptr the address of it
//!   16     count u32       repetitions
//!   20     size u32        bytes of one access
//!   24     vp_eport u32    the port that both sides notify each other by
//!   28     padding u16
//!   30     state bits 3:0, data_is_ptr bit 4, dir bit 5 (1 reads), df bit 6
//!   31     type u8
//! ```
//!
//! The state is the protocol. Each side writes two of the four steps, and each step is written after what it vouches for:
//!
//! ```text
//!            Xen                   device model             device model             Xen
//!   NONE ─────────> IOREQ_READY ─────────────> INPROCESS ─────────────> IORESP_READY ────> NONE
//!     the vCPU runs │                    the vCPU is blocked                              │ it runs
//! ```
//!
//! Not modelled: the slots of later headers (`vcpu_ioreq` is longer with more vCPUs, never wider), and memory order, since a
//! slot is read and written whole.

use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::words::ids::{Port, VcpuId};

/// Bytes of a slot, `sizeof(struct ioreq)`.
pub const IOREQ_SIZE: usize = 32;
/// Slots of a page.
pub const SLOTS: usize = PAGE_SIZE / IOREQ_SIZE;

const ADDR: usize = 0;
const DATA: usize = 8;
const COUNT: usize = 16;
const SIZE: usize = 20;
const EPORT: usize = 24;
const BITS: usize = 30;
const TYPE: usize = 31;

const STATE_MASK: u8 = 0x0F;
const DATA_IS_PTR: u8 = 1 << 4;
const DIR: u8 = 1 << 5;
const DF: u8 = 1 << 6;

/// Where a request is on its way, `STATE_IOREQ_*` and `STATE_IORESP_READY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IoState {
    /// There is none.
    None = 0,
    /// Xen wrote it; the device model is to take it.
    Ready = 1,
    /// The device model works on it.
    InProcess = 2,
    /// The device model answered; Xen is to take the answer.
    RespReady = 3,
}

impl IoState {
    /// All there are, in their order.
    pub const ALL: [IoState; 4] = [IoState::None, IoState::Ready, IoState::InProcess, IoState::RespReady];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state of that number; the field has room for twelve more that mean nothing.
    #[must_use]
    pub const fn of(number: u8) -> Option<IoState> {
        match number {
            0 => Some(IoState::None),
            1 => Some(IoState::Ready),
            2 => Some(IoState::InProcess),
            3 => Some(IoState::RespReady),
            _ => None,
        }
    }

    /// The one that follows.
    #[must_use]
    pub const fn next(self) -> IoState {
        match self {
            IoState::None => IoState::Ready,
            IoState::Ready => IoState::InProcess,
            IoState::InProcess => IoState::RespReady,
            IoState::RespReady => IoState::None,
        }
    }
}

/// Which way the data goes, `IOREQ_READ` and `IOREQ_WRITE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the guest to the device.
    Write,
    /// From the device to the guest.
    Read,
}

/// What kind of access it is, `IOREQ_TYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum IoKind {
    /// An I/O port.
    Pio = 0,
    /// Memory that is a device's: `IOREQ_TYPE_COPY`.
    Copy = 1,
    /// Configuration space, asked of one of several device models (since 4.5).
    PciConfig = 2,
    /// The guest set its clock.
    TimeOffset = 7,
    /// The device model is to forget what it has mapped of the guest.
    Invalidate = 8,
}

impl IoKind {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// A request, but for its state and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoReq {
    /// The port, or the guest-physical address.
    pub addr: u64,
    /// What is written, or what was read.
    pub data: u64,
    /// Repetitions.
    pub count: u32,
    /// Bytes of one access.
    pub size: u32,
    /// Which way the data goes.
    pub direction: Direction,
    /// The kind's number, which may be one that means nothing.
    pub kind: u8,
    /// Whether `data` is the guest-physical address of the data.
    pub data_is_ptr: bool,
    /// Whether repetitions go downwards.
    pub df: bool,
}

impl IoReq {
    /// One access to a port.
    #[must_use]
    pub const fn port(port: u16, size: u32, direction: Direction, data: u64) -> IoReq {
        IoReq { addr: port as u64, ..IoReq::single(IoKind::Pio, size, direction, data) }
    }

    /// One access to a device's memory.
    #[must_use]
    pub const fn memory(addr: u64, size: u32, direction: Direction, data: u64) -> IoReq {
        IoReq { addr, ..IoReq::single(IoKind::Copy, size, direction, data) }
    }

    const fn single(kind: IoKind, size: u32, direction: Direction, data: u64) -> IoReq {
        IoReq { addr: 0, data, count: 1, size, direction, kind: kind.number(), data_is_ptr: false, df: false }
    }

    /// The request in a vCPU's slot.
    #[must_use]
    pub fn read(page: &Page, vcpu: VcpuId) -> IoReq {
        let slot = slot(vcpu);
        let bits = page.read_u8(slot + BITS);
        IoReq {
            addr: page.read_u64(slot + ADDR),
            data: page.read_u64(slot + DATA),
            count: page.read_u32(slot + COUNT),
            size: page.read_u32(slot + SIZE),
            direction: if bits & DIR == 0 { Direction::Write } else { Direction::Read },
            kind: page.read_u8(slot + TYPE),
            data_is_ptr: bits & DATA_IS_PTR != 0,
            df: bits & DF != 0,
        }
    }

    /// Writes it into a vCPU's slot, whose state and port stay.
    pub fn write(&self, page: &mut Page, vcpu: VcpuId) {
        let slot = slot(vcpu);
        let mut bits = page.read_u8(slot + BITS) & STATE_MASK;
        for (bit, set) in [(DATA_IS_PTR, self.data_is_ptr), (DIR, self.direction == Direction::Read), (DF, self.df)] {
            bits |= if set { bit } else { 0 };
        }
        page.write_u64(slot + ADDR, self.addr);
        page.write_u64(slot + DATA, self.data);
        page.write_u32(slot + COUNT, self.count);
        page.write_u32(slot + SIZE, self.size);
        page.write_u8(slot + BITS, bits);
        page.write_u8(slot + TYPE, self.kind);
    }
}

/// The state's number in a vCPU's slot, of which only [four](IoState) mean something.
#[must_use]
pub fn load_state(page: &Page, vcpu: VcpuId) -> u8 {
    page.read_u8(slot(vcpu) + BITS) & STATE_MASK
}

/// Replaces the state's number in a vCPU's slot.
pub fn store_state(page: &mut Page, vcpu: VcpuId, state: u8) {
    let at = slot(vcpu) + BITS;
    let bits = page.read_u8(at) & !STATE_MASK | state & STATE_MASK;
    page.write_u8(at, bits);
}

/// The data in a vCPU's slot.
#[must_use]
pub fn load_data(page: &Page, vcpu: VcpuId) -> u64 {
    page.read_u64(slot(vcpu) + DATA)
}

/// Replaces the data in a vCPU's slot.
pub fn store_data(page: &mut Page, vcpu: VcpuId, data: u64) {
    page.write_u64(slot(vcpu) + DATA, data);
}

/// Replaces the address in a vCPU's slot: a port, or a guest-physical address.
pub fn store_addr(page: &mut Page, vcpu: VcpuId, addr: u64) {
    page.write_u64(slot(vcpu) + ADDR, addr);
}

/// The port that a vCPU and its device model notify each other by.
#[must_use]
pub fn load_port(page: &Page, vcpu: VcpuId) -> Port {
    Port(page.read_u32(slot(vcpu) + EPORT))
}

/// Writes down that port.
pub fn store_port(page: &mut Page, vcpu: VcpuId, port: Port) {
    page.write_u32(slot(vcpu) + EPORT, port.0);
}

/// Where a vCPU's slot begins.
#[must_use]
pub const fn slot(vcpu: VcpuId) -> usize {
    vcpu.0 as usize % SLOTS * IOREQ_SIZE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_the_header_s_layout() {
        let mut page = Page::zeroed();
        let vcpu = VcpuId(2);
        let request = IoReq {
            addr: 0x0807_0605_0403_0201,
            data: 0x1817_1615_1413_1211,
            count: 0x2423_2221,
            size: 4,
            direction: Direction::Read,
            kind: IoKind::Invalidate.number(),
            data_is_ptr: true,
            df: true,
        };
        store_state(&mut page, vcpu, IoState::RespReady.number());
        store_port(&mut page, vcpu, Port(0x3433_3231));
        request.write(&mut page, vcpu);
        let expect = [
            1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24, 4, 0, 0, 0,
            0x31, 0x32, 0x33, 0x34, 0, 0, 0x73, 8,
        ];
        assert_eq!(page.read::<32>(64), expect);
        assert_eq!((page.read::<64>(0), page.read::<32>(96)), ([0; 64], [0; 32]));
        assert_eq!(IoReq::read(&page, vcpu), request);
        assert_eq!((load_state(&page, vcpu), load_port(&page, vcpu)), (3, Port(0x3433_3231)));
        store_state(&mut page, vcpu, 0x1F);
        assert_eq!((load_state(&page, vcpu), IoReq::read(&page, vcpu)), (15, request));
    }

    #[test]
    fn states_go_round_in_four_steps() {
        for state in IoState::ALL {
            assert_eq!(state.next().number(), (state.number() + 1) % 4);
            assert_eq!(IoState::of(state.number()), Some(state));
        }
        assert!((4..=15).all(|number| IoState::of(number).is_none()));
    }

    #[test]
    fn kinds_have_the_header_s_numbers() {
        use IoKind::{Copy, Invalidate, PciConfig, Pio, TimeOffset};
        assert_eq!([Pio, Copy, PciConfig, TimeOffset, Invalidate].map(IoKind::number), [0, 1, 2, 7, 8]);
    }
}
