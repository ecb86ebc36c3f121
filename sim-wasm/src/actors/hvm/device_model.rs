//! The device model's half of an HVM guest's I/O: a process in dom0 takes requests, works, and answers
//! (`tools/ioemu/target-i386-dm/helper2.c`, `cpu_handle_ioreq`).
//!
//! It answers one event by looking at both pages: first whatever was buffered, then the request of the vCPU whose port rang.
//! What it reads lies in memory that the guest can reach. Until XSA-197 and XSA-199 it read a field wherever it needed it, so
//! that what was checked and what was used could differ; and a port number was as wide as the field, 64 bits, while the
//! tables of ports end at 65535. Since then the request is read once, and the port cut to 16 bits.
//!
//! Not modelled: dom0's event-channel device between the upcall and the process, other users of dom0's ports, repetitions and data by address, the timer's drift, and what a device does, which is the machine's to ask.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::io_requests::IoRequests;
use crate::actors::hvm::release::Release;
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::shared_info::{self, UpcallScan};
use crate::hypervisor::xen::{Errno, Xen};
use crate::protocols::buffered_ioreq::{self, Unread};
use crate::protocols::ioreq::{self, Direction, IoKind, IoReq, IoState};
use crate::words::ids::{DomId, Mfn, Port, VcpuId};
use crate::words::time::Time;

/// How long a buffered write may wait in 3.3, `BUFFER_IO_MAX_DELAY`: 100 ms.
pub const BUFFER_IO_MAX_DELAY: u64 = 100_000_000;

/// Ports of an x86 machine: the length of the device model's tables.
pub const MAX_IOPORTS: u64 = 65536;

/// What was repaired in the reading of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoRepairs {
    /// A request is copied out of the page once, and only the copy is used (XSA-197).
    pub read_once: bool,
    /// A port is cut to 16 bits before a table is asked (XSA-199).
    pub clamp_port: bool,
}

impl IoRepairs {
    /// As both were in a release.
    #[must_use]
    pub const fn of(release: Release) -> IoRepairs {
        let repaired = matches!(release, Release::Today);
        IoRepairs { read_once: repaired, clamp_port: repaired }
    }
}

/// What the device model found in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A request.
    Request(IoReq),
    /// Nothing to take: the slot is in another state.
    NotReady {
        /// Its number.
        state: u8,
    },
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is in the slot, and Xen was notified.
    Done,
    /// The slot was no longer in service: the device model destroys the guest.
    Badness {
        /// Its state's number.
        state: u8,
    },
}

/// Which place in its table of ports an access leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortAccess {
    /// A port.
    Port(u16),
    /// None: the access is to memory behind the table's end.
    Beyond {
        /// The port's number.
        addr: u64,
    },
}

/// A guest's device model.
#[derive(Clone, Debug)]
pub struct DeviceModel {
    domain: DomId,
    requests: Mfn,
    buffered: Mfn,
    /// Its ends of the vCPUs' channels.
    ports: Vec<Port>,
    buffered_port: Option<Port>,
    repairs: IoRepairs,
    /// What was taken from each slot, as it was then.
    copies: Vec<Option<IoReq>>,
    /// When it looks at the buffered writes by itself.
    timer: Option<Time>,
}

impl DeviceModel {
    /// A device model that binds to all channels of a guest's I/O and sees both its pages.
    pub fn new(xen: &mut Xen, io: &IoRequests, now: Time) -> Result<DeviceModel, Errno> {
        let (domain, guest) = (io.emulator(), io.guest());
        let mut ports = Vec::new();
        for remote in io.ports() {
            ports.push(xen.bind_interdomain(domain, guest, remote)?.0);
        }
        let (buffered_port, timer) = match io.release() {
            Release::Xen33 => (None, Some(now + BUFFER_IO_MAX_DELAY)),
            Release::Today => (Some(xen.bind_interdomain(domain, guest, io.buffered_port())?.0), None),
        };
        Self::rung(xen, domain);
        let (requests, buffered) = io.frames();
        let copies = ports.iter().map(|_| None).collect();
        let repairs = IoRepairs::of(io.release());
        Ok(DeviceModel { domain, requests, buffered, ports, buffered_port, repairs, copies, timer })
    }

    /// The domain that it runs in.
    #[must_use]
    pub const fn domain(&self) -> DomId {
        self.domain
    }

    /// When it wants to look at the buffered writes by itself.
    #[must_use]
    pub const fn timer(&self) -> Option<Time> {
        self.timer
    }

    /// The port of the buffered writes, if they are announced.
    #[must_use]
    pub const fn buffered_port(&self) -> Option<Port> {
        self.buffered_port
    }

    /// dom0 takes its upcall, and the device model learns which vCPUs rang.
    pub fn upcall(&mut self, host: &mut Host<'_>) -> Vec<VcpuId> {
        let rung = Self::rung(host.xen, self.domain);
        let of = |port: &Port| self.ports.iter().position(|own| own == port).map(|vcpu| VcpuId(vcpu as u8));
        rung.iter().filter_map(of).collect()
    }

    /// Takes the request of a vCPU, if there is one (`cpu_get_ioreq`).
    pub fn take(&mut self, host: &mut Host<'_>, vcpu: VcpuId) -> Taken {
        let page = host.xen.memory.xen_page_mut(self.requests);
        let state = ioreq::load_state(page, vcpu);
        if state != IoState::Ready.number() {
            host.also(Hvm::NotReady { vcpu: vcpu.0, state });
            return Taken::NotReady { state };
        }
        ioreq::store_state(page, vcpu, IoState::InProcess.number());
        let request = IoReq::read(page, vcpu);
        self.copies[usize::from(vcpu.0)] = Some(request);
        host.also(Hvm::RequestTaken { vcpu: vcpu.0, addr: request.addr as u32 });
        Taken::Request(request)
    }

    /// The request as the device that is being asked sees it: what was taken, or, if it is not read once, what lies in the
    /// slot by now.
    ///
    /// # Panics
    /// If none was taken.
    #[must_use]
    pub fn in_service(&self, xen: &Xen, vcpu: VcpuId) -> IoReq {
        let copy = self.copies[usize::from(vcpu.0)].expect("a request was taken");
        let request = if self.repairs.read_once { copy } else { IoReq::read(xen.memory.xen_page(self.requests), vcpu) };
        let bits = request.size.saturating_mul(8);
        let narrow = request.direction == Direction::Write && !request.data_is_ptr && bits < u64::BITS;
        IoReq { data: if narrow { request.data & ((1 << bits) - 1) } else { request.data }, ..request }
    }

    /// Which port a request means.
    pub fn port_of(&self, host: &mut Host<'_>, request: &IoReq) -> PortAccess {
        debug_assert!(request.kind == IoKind::Pio.number(), "only ports have a table");
        let addr = request.addr;
        if addr < MAX_IOPORTS {
            return PortAccess::Port(addr as u16);
        }
        let clamped = self.repairs.clamp_port;
        host.also(Hvm::PortOutOfRange { addr: addr as u32, clamped });
        if clamped { PortAccess::Port(addr as u16) } else { PortAccess::Beyond { addr } }
    }

    /// Answers the request of a vCPU (`cpu_handle_ioreq`).
    ///
    /// # Panics
    /// If none was taken.
    pub fn answer(&mut self, host: &mut Host<'_>, vcpu: VcpuId, data: u64) -> Answered {
        let request = self.copies[usize::from(vcpu.0)].take().expect("a request was taken");
        let page = host.xen.memory.xen_page_mut(self.requests);
        let state = ioreq::load_state(page, vcpu);
        if state != IoState::InProcess.number() {
            host.also(Hvm::NotInService { vcpu: vcpu.0, state });
            return Answered::Badness { state };
        }
        if request.direction == Direction::Read {
            ioreq::store_data(page, vcpu, data);
        }
        ioreq::store_state(page, vcpu, IoState::RespReady.number());
        let reads = request.direction == Direction::Read;
        host.also(Hvm::RequestAnswered { vcpu: vcpu.0, data: if reads { data as u32 } else { 0 }, reads });
        host.costs.hypercalls += 1;
        host.costs.events += 1;
        host.xen.send(self.domain, self.ports[usize::from(vcpu.0)]).expect("the port was bound");
        Answered::Done
    }

    /// Takes the next buffered write (`handle_buffered_io`).
    pub fn take_buffered(&mut self, host: &mut Host<'_>) -> Result<IoReq, Unread> {
        let page = host.xen.memory.xen_page_mut(self.buffered);
        let taken = buffered_ioreq::take(page);
        if let Ok(request) = taken {
            let left = buffered_ioreq::waiting(page);
            host.also(Hvm::BufferedTaken { addr: request.addr as u32, left });
        }
        taken
    }

    /// Looks at the buffered writes by itself: as its timer is due, or as it was notified (`handle_buffered_io`). How many slots
    /// wait is told; they are [taken](DeviceModel::take_buffered) one by one.
    pub fn look_at_buffered(&mut self, host: &mut Host<'_>) -> u32 {
        let waiting = buffered_ioreq::waiting(host.xen.memory.xen_page(self.buffered));
        host.step(Hvm::BufferLooked { waiting, timer: self.timer.is_some() });
        waiting
    }

    /// Sets the timer again after it ran, as 3.3 always does.
    pub fn rearm(&mut self, now: Time) {
        self.timer = self.timer.map(|_| now + BUFFER_IO_MAX_DELAY);
    }

    /// The ports that rang in a domain, whose events are taken off.
    fn rung(xen: &mut Xen, domain: DomId) -> Vec<Port> {
        let page = xen.shared_info_mut(domain);
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(page);
        let mut rung = Vec::new();
        while let Some(port) = scan.next_port(page) {
            shared_info::clear_pending(page, port);
            rung.push(port);
        }
        rung
    }
}
