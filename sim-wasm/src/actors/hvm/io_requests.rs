//! Xen's half of an HVM guest's I/O: requests are written into the [shared page](crate::protocols::ioreq), the vCPU is
//! blocked, and it runs again when the answer is there (`hvm_send_assist_req` and `hvm_do_resume` in
//! `xen/arch/x86/hvm/hvm.c` of 3.3; `hvm_send_ioreq` and `hvm_wait_for_io` in `xen/arch/x86/hvm/ioreq.c` since).
//!
//! ```text
//!   vCPU runs ── send_assist_req ──> waits ── do_resume: IORESP_READY ──> runs
//!                                     │ │ do_resume: READY, INPROCESS
//!                                     └─┘
//!                                     └── do_resume: any other state ──> the domain is crashed
//! ```
//!
//! The page is one of the guest's own, out of sight by convention: a guest that looks for it finds it, and can change a
//! request that is under way (XSA-197, XSA-199).
//!
//! Since the state is what both sides believe, Xen crashes the domain when it is one that cannot be. Today's Xen also
//! crashes it when the state goes backwards, and takes a slot that was emptied under it for a device model that dies: the
//! guest reads all ones. 3.3 notices neither.
//!
//! Not modelled: the vCPU that slept and forgets which state it saw last (here it remembers), requests of several pieces,
//! accesses that Xen serves itself, and pausing the domain for shutdown.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::release::Release;
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::page::Page;
use crate::hypervisor::vm_exits::ExitReason;
use crate::hypervisor::xen::{Errno, Xen};
use crate::protocols::buffered_ioreq::{self, Buffered};
use crate::protocols::ioreq::{self, Direction, IoReq, IoState};
use crate::words::ids::{DomId, Mfn, Pfn, Port, VcpuId};

/// Where a guest's shared pages are, as it counts its own (`HVM_PARAM_IOREQ_PFN`, `HVM_PARAM_BUFIOREQ_PFN`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoPages {
    /// The page of requests.
    pub requests: Pfn,
    /// The page of buffered writes.
    pub buffered: Pfn,
}

/// One vCPU's I/O, as Xen knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IoVcpu {
    port: Port,
    /// The state that was seen last while it waits; nothing while it runs.
    waits: Option<IoState>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is in the slot, and its vCPU waits.
    Waits {
        /// The emulator's domain and vCPU to be called, if an upcall is due.
        upcall: Option<(DomId, VcpuId)>,
    },
    /// The slot was not empty: the domain was crashed.
    Crashed,
}

/// What became of a vCPU that looked into its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It runs, with what it read if there is something.
    Runs {
        /// The answer's data.
        data: Option<u64>,
    },
    /// It still waits.
    Waits,
    /// The domain was crashed.
    Crashed,
}

/// A guest's I/O, as Xen knows it.
#[derive(Clone, Debug)]
pub struct IoRequests {
    guest: DomId,
    emulator: DomId,
    release: Release,
    requests: Mfn,
    buffered: Mfn,
    vcpus: Vec<IoVcpu>,
    buffered_port: Port,
    crashed: bool,
}

impl IoRequests {
    /// The I/O of a guest whose device model is in another domain: each vCPU gets a port, written into its slot, and so do
    /// the buffered writes.
    pub fn new(
        xen: &mut Xen,
        guest: DomId,
        emulator: DomId,
        pages: IoPages,
        release: Release,
    ) -> Result<IoRequests, Errno> {
        let domain = xen.domain(guest).ok_or(Errno::NoSuchDomain)?;
        let frame = |pfn| domain.mfn(pfn).ok_or(Errno::Fault);
        let (requests, buffered, count) = (frame(pages.requests)?, frame(pages.buffered)?, domain.vcpus);
        let mut vcpus = Vec::new();
        for vcpu in (0..count).map(VcpuId) {
            let port = xen.alloc_unbound_xen_event_channel(guest, vcpu, emulator)?;
            ioreq::store_port(xen.memory.xen_page_mut(requests), vcpu, port);
            vcpus.push(IoVcpu { port, waits: None });
        }
        let buffered_port = xen.alloc_unbound_xen_event_channel(guest, VcpuId(0), emulator)?;
        Ok(IoRequests { guest, emulator, release, requests, buffered, vcpus, buffered_port, crashed: false })
    }

    /// Whose I/O it is.
    #[must_use]
    pub const fn guest(&self) -> DomId {
        self.guest
    }

    /// Whose device model answers.
    #[must_use]
    pub const fn emulator(&self) -> DomId {
        self.emulator
    }

    /// How old Xen is.
    #[must_use]
    pub const fn release(&self) -> Release {
        self.release
    }

    /// The frames of the two pages: requests, and buffered writes.
    #[must_use]
    pub const fn frames(&self) -> (Mfn, Mfn) {
        (self.requests, self.buffered)
    }

    /// The ports of the vCPUs, in their order.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.vcpus.iter().map(|vcpu| vcpu.port)
    }

    /// The port of the buffered writes, which 3.3 does not use.
    #[must_use]
    pub const fn buffered_port(&self) -> Port {
        self.buffered_port
    }

    /// Whether a vCPU may run: it waits for no answer, and its domain was not crashed.
    #[must_use]
    pub fn is_runnable(&self, vcpu: VcpuId) -> bool {
        !self.crashed && self.vcpu(vcpu).waits.is_none()
    }

    /// Whether the domain was crashed over a slot's state.
    #[must_use]
    pub const fn is_crashed(&self) -> bool {
        self.crashed
    }

    /// A vCPU leaves guest mode over an access; `at` is its port or address.
    pub fn exit(&mut self, host: &mut Host<'_>, vcpu: VcpuId, reason: ExitReason, at: u32) {
        assert!(self.is_runnable(vcpu), "a vCPU that waits executes nothing");
        host.costs.exits.count(reason);
        host.step(Hvm::Exited { reason, at });
    }

    /// Writes a request into a vCPU's slot, tells the device model and blocks the vCPU.
    pub fn send_assist_req(&mut self, host: &mut Host<'_>, vcpu: VcpuId, request: &IoReq) -> Posted {
        let page = host.xen.memory.xen_page_mut(self.requests);
        let state = ioreq::load_state(page, vcpu);
        if state != IoState::None.number() {
            return self.crash(host, vcpu, IoState::None.number(), state, Posted::Crashed);
        }
        request.write(page, vcpu);
        ioreq::store_state(page, vcpu, IoState::Ready.number());
        self.vcpu_mut(vcpu).waits = Some(IoState::Ready);
        host.costs.requests += 1;
        host.also(Hvm::RequestPosted {
            vcpu: vcpu.0,
            addr: request.addr as u32,
            size: request.size as u8,
            reads: request.direction == Direction::Read,
        });
        let sent = self.notify(host, self.vcpu(vcpu).port);
        // The emulator's domain runs while this one waits.
        host.costs.switches += 1;
        Posted::Waits { upcall: sent.upcall() }
    }

    /// Buffers a write for the device model, if it can be buffered (`hvm_buffered_io_send`). Then the vCPU goes on at once.
    /// Today's Xen tells the device model; with 3.3 it looks by itself, within 100 ms.
    pub fn send_buffered(&mut self, host: &mut Host<'_>, request: &IoReq) -> Buffered {
        let page = host.xen.memory.xen_page_mut(self.buffered);
        let sent = buffered_ioreq::send(page, request);
        if self.release == Release::Today {
            buffered_ioreq::bring_back(page);
        }
        let waiting = buffered_ioreq::waiting(page);
        match sent {
            Buffered::Taken { .. } => {
                host.costs.buffered += 1;
                let notify = self.release == Release::Today;
                host.also(Hvm::WriteBuffered { addr: request.addr as u32, waiting, notify });
                if notify {
                    self.notify(host, self.buffered_port);
                }
            }
            Buffered::Full => host.also(Hvm::BufferFull { waiting }),
            Buffered::Unsuited => {}
        }
        sent
    }

    /// A vCPU that waits looks into its slot: because it was notified, or because it is scheduled.
    pub fn do_resume(&mut self, host: &mut Host<'_>, vcpu: VcpuId) -> Resume {
        if self.crashed {
            return Resume::Crashed;
        }
        let Some(before) = self.vcpu(vcpu).waits else { return Resume::Runs { data: None } };
        let page = host.xen.memory.xen_page_mut(self.requests);
        let number = ioreq::load_state(page, vcpu);
        let Some(state) = IoState::of(number) else {
            return self.crash(host, vcpu, before.number(), number, Resume::Crashed);
        };
        let backwards = state < before && state != IoState::None;
        if backwards && self.release == Release::Today {
            return self.crash(host, vcpu, before.number(), number, Resume::Crashed);
        }
        let data = match state {
            IoState::Ready | IoState::InProcess => {
                self.vcpu_mut(vcpu).waits = Some(state);
                return Resume::Waits;
            }
            IoState::RespReady => {
                let data = ioreq::load_data(page, vcpu);
                ioreq::store_state(page, vcpu, IoState::None.number());
                Some(data)
            }
            IoState::None if self.release == Release::Today => Some(u64::MAX),
            IoState::None => None,
        };
        self.vcpu_mut(vcpu).waits = None;
        host.costs.switches += 1;
        host.also(Hvm::VcpuResumed { vcpu: vcpu.0, answered: state == IoState::RespReady });
        Resume::Runs { data }
    }

    /// The page of requests, as Xen sees it.
    #[must_use]
    pub fn page<'xen>(&self, xen: &'xen Xen) -> &'xen Page {
        xen.memory.xen_page(self.requests)
    }

    fn notify(&self, host: &mut Host<'_>, port: Port) -> Sent {
        host.costs.events += 1;
        let sent = host.xen.notify_via_xen_event_channel(self.guest, port);
        if sent.upcall().is_some() {
            host.costs.dom0_interrupts += 1;
        }
        sent
    }

    fn crash<T>(&mut self, host: &mut Host<'_>, vcpu: VcpuId, before: u8, found: u8, answer: T) -> T {
        self.crashed = true;
        host.also(Hvm::DomainCrashed { vcpu: vcpu.0, before, found });
        answer
    }

    fn vcpu(&self, vcpu: VcpuId) -> &IoVcpu {
        self.vcpus.get(usize::from(vcpu.0)).expect("the guest has the vCPU that executes")
    }

    fn vcpu_mut(&mut self, vcpu: VcpuId) -> &mut IoVcpu {
        self.vcpus.get_mut(usize::from(vcpu.0)).expect("the guest has the vCPU that executes")
    }
}
