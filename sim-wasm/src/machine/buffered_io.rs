//! An HVM guest that writes to old video memory: small writes that nobody waits for, and reads that wait for all of them.
//!
//! ```text
//!   write ─► exit ─► a slot of the buffered page ─► the guest goes on
//!                     └─ no room: the synchronous way
//!   read  ─► exit ─► the vCPU's slot, event ─► device model: request taken, buffered writes done, request done ─► answer
//!   3.3    every 100 ms ─────────────────────► device model: buffered writes done
//!   today  notified, a while later ──────────► device model: buffered writes done
//! ```
//!
//! A write that is buffered is late for everybody but the guest: whatever asks the device model for something has them done
//! first, so the device sees the guest's accesses in the guest's order.
//!
//! ```
//! use sim_wasm::actors::hvm::release::Release;
//! use sim_wasm::machine::buffered_io::{BufferedIo, Settings, Went};
//!
//! let mut machine = BufferedIo::new(Settings { release: Release::Xen33, wake: 0 });
//! assert_eq!(machine.write(0xA_0000, 4, 0x41), Went::Buffered);
//! assert_eq!((machine.video(0xA_0000), machine.held()), (0, 1));
//! machine.run_until(machine.timer().expect("3.3 looks by itself"));
//! assert_eq!((machine.video(0xA_0000), machine.held()), (0x41, 0));
//! ```
//!
//! An access takes no time. Sources: `hvm_buffered_io_send` in `xen/arch/x86/hvm/intercept.c`,
//! `stdvga_intercept_mmio` in `xen/arch/x86/hvm/stdvga.c`, `handle_buffered_io` and `cpu_handle_ioreq` in
//! `tools/ioemu/target-i386-dm/helper2.c`, all of 3.3.
//!
//! Not modelled: when Xen buffers writes at all (only while the guest is in a plain mode of the card, whose reads Xen then
//! answers itself), planes and latches of the card, and the timer that today's device model sets once it was notified.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::costs::Costs;
use crate::actors::hvm::Host;
use crate::actors::hvm::device_model::{Answered, DeviceModel, Taken};
use crate::actors::hvm::io_requests::{IoPages, IoRequests, Posted, Resume};
use crate::actors::hvm::release::Release;
use crate::actors::log::Log;
use crate::hypervisor::vm_exits::ExitReason;
use crate::hypervisor::xen::Xen;
use crate::protocols::buffered_ioreq::{Buffered, pointers};
use crate::protocols::ioreq::{Direction, IoReq};
use crate::words::ids::{DomId, Pfn, VcpuId};
use crate::words::time::Time;

const GUEST: DomId = DomId(1);
const VCPU: VcpuId = VcpuId(0);
const PAGES: IoPages = IoPages { requests: Pfn(1), buffered: Pfn(2) };

/// Where old video memory begins in a guest, `VGA_MEM_BASE`.
pub const VIDEO_BASE: u32 = 0xA_0000;
/// Its bytes, `VGA_MEM_SIZE`.
pub const VIDEO_SIZE: u32 = 0x2_0000;

/// What a machine is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How old Xen and the device model are.
    pub release: Release,
    /// From a notification to the device model's look at the buffered page, in nanoseconds: an assumption. 3.3 sends none.
    pub wake: u64,
}

/// Which way a write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// Into the buffered page, and the guest went on.
    Buffered,
    /// Into the vCPU's slot, and the guest waited: there was no room.
    Synchronously,
}

/// Why the device model did an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was buffered, and the timer was due or the device model notified.
    Looked,
    /// It was buffered, and a request came after it.
    BeforeRequest,
    /// It was a request.
    Request,
}

/// An access that the device model did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// When.
    pub at: Time,
    /// Why then.
    pub cause: Cause,
    /// What.
    pub request: IoReq,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct BufferedIo {
    settings: Settings,
    xen: Xen,
    io: IoRequests,
    model: DeviceModel,
    costs: Costs,
    log: Log,
    now: Time,
    /// When the notified device model is to look.
    rung: Option<Time>,
    video: Vec<u8>,
    served: Vec<Served>,
}

impl BufferedIo {
    /// A guest that has written nothing yet.
    ///
    /// # Panics
    /// Never: its machine has room for it.
    #[must_use]
    pub fn new(settings: Settings) -> BufferedIo {
        let mut xen = Xen::new(64);
        xen.create_domain(DomId::DOM0, 4).expect("64 frames are enough");
        xen.create_domain(GUEST, 8).expect("64 frames are enough");
        let io = IoRequests::new(&mut xen, GUEST, DomId::DOM0, PAGES, settings.release);
        let io = io.expect("the guest has the pages");
        let model = DeviceModel::new(&mut xen, &io, Time::ZERO).expect("the ports wait for dom0");
        let (costs, log, now, video) = (Costs::default(), Log::new(), Time::ZERO, vec![0; VIDEO_SIZE as usize]);
        BufferedIo { settings, xen, io, model, costs, log, now, rung: None, video, served: Vec::new() }
    }

    /// The guest writes `size` bytes, 1, 2, 4 or 8, to an address of its video memory.
    ///
    /// # Panics
    /// If the access is not within video memory.
    pub fn write(&mut self, addr: u32, size: u32, data: u64) -> Went {
        let request = IoReq::memory(u64::from(addr), size, Direction::Write, data);
        self.exit(&request);
        let (io, mut host) = self.xen_side();
        match io.send_buffered(&mut host, &request) {
            Buffered::Taken { .. } => {
                if self.settings.release == Release::Today {
                    self.rung = self.rung.or(Some(self.now + self.settings.wake));
                }
                Went::Buffered
            }
            Buffered::Full => {
                self.trip(&request);
                Went::Synchronously
            }
            Buffered::Unsuited => unreachable!("a write to video memory is one that can be buffered"),
        }
    }

    /// The guest reads `size` bytes, 1, 2, 4 or 8.
    ///
    /// # Panics
    /// If the access is not within video memory.
    pub fn read(&mut self, addr: u32, size: u32) -> u64 {
        let request = IoReq::memory(u64::from(addr), size, Direction::Read, 0);
        self.exit(&request);
        self.trip(&request)
    }

    /// Time passes, and the device model looks at the buffered page whenever that is due, `time` included.
    pub fn run_until(&mut self, time: Time) {
        while let Some(due) = self.due().filter(|due| *due <= time) {
            self.now = self.now.max(due);
            let (model, mut host) = self.model_side();
            // dom0 takes the upcall, whoever rang.
            model.upcall(&mut host);
            model.look_at_buffered(&mut host);
            self.rung = None;
            self.drain(Cause::Looked);
            self.model.rearm(self.now);
        }
        self.now = self.now.max(time);
    }

    /// When the device model looks by its timer.
    #[must_use]
    pub const fn timer(&self) -> Option<Time> {
        self.model.timer()
    }

    /// When the device model looks next by itself, for whatever reason.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        self.timer().or(self.rung)
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Slots of the buffered page that wait for the device model.
    #[must_use]
    pub fn held(&self) -> u32 {
        let (read, write) = pointers(self.xen.memory.xen_page(self.io.frames().1));
        write.wrapping_sub(read)
    }

    /// A byte of video memory as the device has it, whatever is on its way.
    ///
    /// # Panics
    /// If it is not within video memory.
    #[must_use]
    pub fn video(&self, addr: u32) -> u8 {
        self.video[(addr - VIDEO_BASE) as usize]
    }

    /// What the device model did, in its order.
    #[must_use]
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// All that it took since the beginning.
    #[must_use]
    pub const fn costs(&self) -> &Costs {
        &self.costs
    }

    /// What happened.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    fn xen_side(&mut self) -> (&mut IoRequests, Host<'_>) {
        let BufferedIo { xen, io, costs, log, now, .. } = self;
        (io, Host { xen, costs, now: *now, log })
    }

    fn model_side(&mut self) -> (&mut DeviceModel, Host<'_>) {
        let BufferedIo { xen, model, costs, log, now, .. } = self;
        (model, Host { xen, costs, now: *now, log })
    }

    /// How an access to memory that is not there leaves the guest.
    fn exit(&mut self, request: &IoReq) {
        let reason = match self.settings.release {
            Release::Xen33 => ExitReason::ExceptionNmi,
            Release::Today => ExitReason::EptViolation,
        };
        let (io, mut host) = self.xen_side();
        io.exit(&mut host, VCPU, reason, request.addr as u32);
    }

    /// The synchronous way: the request is taken first, and done last.
    fn trip(&mut self, request: &IoReq) -> u64 {
        let (io, mut host) = self.xen_side();
        let posted = io.send_assist_req(&mut host, VCPU, request);
        assert!(matches!(posted, Posted::Waits { .. }), "the slot was empty: the vCPU ran");
        let (model, mut host) = self.model_side();
        model.upcall(&mut host);
        let Taken::Request(_) = model.take(&mut host, VCPU) else { unreachable!("the request is ready") };
        self.rung = None;
        self.drain(Cause::BeforeRequest);
        let request = self.model.in_service(&self.xen, VCPU);
        let data = self.serve(Cause::Request, request);
        let (model, mut host) = self.model_side();
        assert_eq!(model.answer(&mut host, VCPU, data), Answered::Done, "nobody else writes the slot");
        let (io, mut host) = self.xen_side();
        let Resume::Runs { data } = io.do_resume(&mut host, VCPU) else { unreachable!("the answer is there") };
        data.unwrap_or_default()
    }

    /// All buffered writes are done.
    fn drain(&mut self, cause: Cause) {
        loop {
            let (model, mut host) = self.model_side();
            let Ok(request) = model.take_buffered(&mut host) else { break };
            self.serve(cause, request);
        }
    }

    /// The device does an access.
    fn serve(&mut self, cause: Cause, request: IoReq) -> u64 {
        self.served.push(Served { at: self.now, cause, request });
        let first = (request.addr as u32 - VIDEO_BASE) as usize;
        let bytes = &mut self.video[first..first + request.size as usize];
        match request.direction {
            Direction::Write => {
                bytes.copy_from_slice(&request.data.to_le_bytes()[..bytes.len()]);
                0
            }
            Direction::Read => {
                let mut data = [0; 8];
                data[..bytes.len()].copy_from_slice(bytes);
                u64::from_le_bytes(data)
            }
        }
    }
}
