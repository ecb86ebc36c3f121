//! dom0's half of PCI pass-through: one guest's devices, and the requests that it makes about them.
//!
//! ```text
//!   event ──► handle_event: bit 0 set, nothing at work? ──► (later) begin_op ──► finish_op: answer, clear bit 0, notify
//!                 ▲                                                                     │
//!                 └───────────────────────── a request slipped in? ─────────────────────┘
//! ```
//!
//! [`Pciback::begin_op`] and [`Pciback::finish_op`] are one function in the kernel. They are two here since time passes between:
//! the guest may change its request, or give it up. The classic driver works where the request lies, so it may use what it
//! never checked (XSA-155). Today's copies it first, and only writes error, value and vectors back.
//!
//! The parts stand alone: [`overlay::Overlay`] is a config space as a guest sees it, [`slots::Slots`] where it sees its devices,
//! [`resources`] what its toolstack lets it touch.
//!
//! Sources: `pciback_ops.c`, `pci_stub.c` of `drivers/xen/pciback` in linux-2.6.18-xen and of `drivers/xen/xen-pciback` in
//! mainline Linux.
//!
//! Not modelled: the dummy handler of a shared interrupt line, with which dom0 keeps the line from being called spurious, and
//! bindings of drivers by sysfs, and the late end of interrupts by which today's dom0 slows down a guest that rings for nothing.
//! A guest's devices are on buses of domain 0.

pub mod overlay;

mod field;

mod host;

pub mod slots;

mod messages;

pub mod resources;

use alloc::vec::Vec;

use crate::actors::log::pciif::Pciif;
use crate::actors::log::{Event, Log};
use crate::actors::pciback::messages::Messages;
use crate::actors::pciback::overlay::{Fate, Generation, Overlay, OverlaySettings};
use crate::actors::pciback::slots::{DeviceKind, NoSlot, SlotPolicy, Slots};
use crate::hypervisor::page::Page;
use crate::hypervisor::pirqs::Pirqs;
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::Function;
use crate::protocols::pci::owners::Owners;
use crate::protocols::pciif::{
    self, AerOp, MsixEntry, OP_ERR, OP_VALUE, PciCmd, PciOp, SH_INFO_MAX_VEC, XEN_PCI_ERR_DEV_NOT_FOUND,
    XEN_PCI_ERR_NOT_IMPLEMENTED, XEN_PCIB_ACTIVE, XEN_PCIB_AERHANDLER, XEN_PCIF_ACTIVE,
};
use crate::words::ids::{Bdf, DomId};
use crate::words::time::Time;

/// How long pciback waits for the guest's answer to a report of an error: 300 s (`common_process`).
pub const AER_WAIT_NANOS: u64 = 300_000_000_000;

/// What pciback works with during one call.
#[derive(Debug)]
pub struct Call<'machine> {
    /// The page that it shares with the guest.
    pub page: &'machine mut Page,
    /// All functions of the machine.
    pub functions: &'machine mut [Function],
    /// Xen's physical interrupts.
    pub pirqs: &'machine mut Pirqs,
    /// Whose devices are, as Xen has it.
    pub owners: &'machine Owners,
    /// The time of the call.
    pub now: Time,
    /// Where what happens is told.
    pub log: &'machine mut Log,
}

impl Call<'_> {
    fn function(&mut self, bdf: Bdf) -> Option<&mut Function> {
        self.functions.iter_mut().find(|function| function.bdf == bdf)
    }

    fn step(&mut self, event: Pciif) {
        self.log.step(self.now, Event::Pciif(event));
    }

    fn also(&mut self, event: Pciif) {
        self.log.also(self.now, Event::Pciif(event));
    }
}

/// What a virtual function does not say of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualOf {
    /// Its physical function.
    pub physical: Bdf,
    /// The IDs that it would have.
    pub ids: (u16, u16),
}

/// A device that a guest has.
#[derive(Clone, Debug)]
struct Exported {
    real: Bdf,
    /// Whose command register says whether its memory answers.
    decoder: Bdf,
    overlay: Overlay,
    messages: Messages,
}

/// A request at work.
#[derive(Clone, Debug)]
struct Hand {
    /// The request as it was at the beginning.
    op: PciOp,
    /// Its entries for MSI-X.
    entries: Vec<MsixEntry>,
    device: Option<usize>,
}

/// What is to be done after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum After {
    /// The guest is to be notified.
    Notify,
    /// The guest is to be notified, and there is another request: begin again.
    NotifyAndBegin,
}

/// One guest's pciback.
#[derive(Clone, Debug)]
pub struct Pciback {
    guest: DomId,
    settings: OverlaySettings,
    /// Where the guest sees its devices.
    pub slots: Slots,
    devices: Vec<Exported>,
    /// The private bit (`PDEVF_op_active`).
    op_active: bool,
    hand: Option<Hand>,
    /// A report waits for its answer until then (`PCIB_op_pending`).
    aer_until: Option<Time>,
}

impl Pciback {
    /// For a guest that has no device yet. Devices take these settings unless they are given others.
    #[must_use]
    pub fn new(guest: DomId, settings: OverlaySettings, policy: SlotPolicy) -> Pciback {
        let (slots, devices) = (Slots::new(policy), Vec::new());
        Pciback { guest, settings, slots, devices, op_active: false, hand: None, aer_until: None }
    }

    /// Gives the guest a device (`pciback_export_device`); returns where it will see it. A virtual function is `of` another,
    /// `irq` is the number of the device's line in dom0.
    ///
    /// # Errors
    /// If the device has no place.
    pub fn export(
        &mut self,
        call: &mut Call<'_>,
        real: Bdf,
        kind: DeviceKind,
        of: Option<VirtualOf>,
        irq: u8,
    ) -> Result<Bdf, NoSlot> {
        let settings = self.settings;
        let now = call.now;
        let added = self.slots.add(real, kind);
        let shown = added.inspect_err(|&why| call.step(Pciif::ExportFailed { real, errno: why as i16 }))?;
        let function = call.function(real).expect("only devices that are there are exported");
        let overlay = Overlay::seize(function, now, settings, of.map(|of| of.ids), irq);
        let decoder = of.map_or(real, |of| of.physical);
        self.devices.push(Exported { real, decoder, overlay, messages: Messages::Off });
        call.step(Pciif::DeviceExported { real, shown });
        Ok(shown)
    }

    /// Takes a device back, turns it off and unmaps its interrupts (`pciback_release_pci_dev`); false if the guest had no such
    /// device. Whoever calls resets it before anybody else gets it.
    pub fn release(&mut self, call: &mut Call<'_>, real: Bdf) -> bool {
        if !self.slots.remove(real) {
            return false;
        }
        let now = call.now;
        let place = self.devices.iter().position(|device| device.real == real).expect("it had a place");
        let mut device = self.devices.remove(place);
        if let Some(function) = call.function(real) {
            device.overlay.reset_device(function, now);
        }
        call.pirqs.unmap_device(real);
        // A request at work that was about it goes on without a device.
        if let Some(hand) = &mut self.hand {
            hand.device = match hand.device {
                Some(at) if at == place => None,
                Some(at) if at > place => Some(at - 1),
                other => other,
            };
        }
        call.step(Pciif::DeviceReleased { real });
        true
    }

    /// The overlay of a device, by its real place.
    #[must_use]
    pub fn overlay(&self, real: Bdf) -> Option<&Overlay> {
        self.devices.iter().find(|device| device.real == real).map(|device| &device.overlay)
    }

    /// An event came, or pciback looks again: whether a request is to be begun later
    /// (`pciback_test_and_schedule_op`).
    #[must_use]
    pub fn handle_event(&mut self, call: &mut Call<'_>) -> bool {
        if self.aer_until.is_some() && !pciif::is_set(call.page, XEN_PCIB_ACTIVE) {
            self.aer_until = None;
        }
        if !pciif::is_set(call.page, XEN_PCIF_ACTIVE) || self.op_active {
            return false;
        }
        self.op_active = true;
        call.step(Pciif::RequestQueued);
        true
    }

    /// The first half of the work: the request is read.
    ///
    /// # Panics
    /// If nothing was put down for work.
    pub fn begin_op(&mut self, call: &mut Call<'_>) {
        assert!(self.op_active && self.hand.is_none(), "one request is at work at a time");
        let op = PciOp::load(call.page);
        let count = if op.cmd == PciCmd::EnableMsix as u32 { op.value.min(SH_INFO_MAX_VEC) } else { 0 };
        let entries = (0..count).map(|number| MsixEntry::load(call.page, number)).collect();
        let real = op.place().filter(|place| place.domain == 0).and_then(|place| self.slots.real(place.bdf));
        let device = real.and_then(|real| self.devices.iter().position(|device| device.real == real));
        self.hand = Some(Hand { op, entries, device });
    }

    /// The second half: the request is carried out and answered (`pciback_do_op`).
    ///
    /// # Panics
    /// If nothing was begun.
    pub fn finish_op(&mut self, call: &mut Call<'_>) -> After {
        let hand = self.hand.take().expect("a request was begun");
        let lying = PciOp::load(call.page);
        let mut op = hand.op;
        if self.settings.generation == Generation::Classic {
            // Command and device are known; everything else is read where it lies.
            op = PciOp { cmd: op.cmd, ..lying };
            let changed = lying.value != hand.op.value || lying.offset != hand.op.offset;
            if changed && pciif::is_set(call.page, XEN_PCIF_ACTIVE) && hand.device.is_some() {
                let (checked, used) = (hand.op.value, lying.value);
                call.step(Pciif::RequestChanged { checked, used });
            }
        }
        let (err, value) = match hand.device {
            None => (XEN_PCI_ERR_DEV_NOT_FOUND, op.value),
            Some(device) => self.carry_out(call, device, op, &hand.entries),
        };
        let asked = PciOp { err: lying.err, ..hand.op };
        let late = !pciif::is_set(call.page, XEN_PCIF_ACTIVE)
            || (self.settings.generation == Generation::Modern && asked != lying);
        call.page.write_u32(OP_ERR, err as u32);
        call.page.write_u32(OP_VALUE, value);
        // A write barrier stands here.
        pciif::clear(call.page, XEN_PCIF_ACTIVE);
        self.op_active = false;
        if err != 0 {
            call.step(Pciif::RequestRefused { err });
        }
        call.step(Pciif::Answered { err, value });
        if late {
            call.also(Pciif::AnsweredLate { value });
        }
        // What slipped in between the two bits is looked for here.
        if self.handle_event(call) { After::NotifyAndBegin } else { After::Notify }
    }

    /// Both halves at once: nobody comes in between.
    pub fn do_op(&mut self, call: &mut Call<'_>) -> After {
        self.begin_op(call);
        self.finish_op(call)
    }

    fn carry_out(&mut self, call: &mut Call<'_>, device: usize, op: PciOp, entries: &[MsixEntry]) -> (i32, u32) {
        let real = self.devices[device].real;
        let Some(cmd) = PciCmd::from_number(op.cmd) else { return (XEN_PCI_ERR_NOT_IMPLEMENTED, op.value) };
        let (guest, generation) = (self.guest, self.settings.generation);
        let Exported { overlay, messages, decoder, .. } = &mut self.devices[device];
        let Call { functions, now, log, page, pirqs, owners } = call;
        let decoder = functions.iter().find(|function| function.bdf == *decoder);
        let decodes = decoder.is_some_and(|function| function.config.decodes_memory());
        let function =
            functions.iter_mut().find(|function| function.bdf == real).expect("an exported device stays there");
        match cmd {
            PciCmd::ConfRead => {
                let answer = overlay.read(function, *now, op.offset, op.size);
                if answer.fate != Fate::Refused {
                    let width = Width::from_bytes(op.size as u32).expect("the overlay took it");
                    let cut = width.ones();
                    let offset = op.offset as u16;
                    let (value, real) = (answer.value & cut, function.read(*now, offset, width));
                    log.step(*now, Event::Pciif(Pciif::ConfigRead { offset, value, real }));
                }
                (answer.err, answer.value)
            }
            PciCmd::ConfWrite => {
                let answer = overlay.write(function, *now, op.offset, op.size, op.value);
                let reached = overlay.take_writes().len() as u32;
                let (offset, value) = (op.offset as u16, op.value);
                match answer.fate {
                    Fate::Refused => {}
                    Fate::Handled | Fate::Passed => {
                        log.step(*now, Event::Pciif(Pciif::ConfigWritten { offset, value, reached }));
                    }
                    Fate::DroppedFirst | Fate::Dropped => {
                        let warned = answer.fate == Fate::DroppedFirst;
                        log.step(*now, Event::Pciif(Pciif::WriteDropped { offset, value, warned }));
                    }
                }
                (answer.err, op.value)
            }
            PciCmd::EnableMsi | PciCmd::DisableMsi | PciCmd::EnableMsix | PciCmd::DisableMsix => {
                let mut work = messages::Work {
                    function,
                    decodes,
                    overlay,
                    messages,
                    page,
                    pirqs,
                    owners,
                    guest,
                    generation,
                    now: *now,
                    log,
                };
                work.carry_out(cmd, op.value, entries)
            }
            PciCmd::AerDetected
            | PciCmd::AerResume
            | PciCmd::AerMmio
            | PciCmd::AerSlotReset
            | PciCmd::EnableMultiMsi => (XEN_PCI_ERR_NOT_IMPLEMENTED, op.value),
        }
    }

    /// Reports a device's error to the guest by bit 2, on the port of its requests (`common_process`); false if the guest has no
    /// handler, or a report is still under way. The guest is then to be notified, and killed if it has not answered by
    /// [`Pciback::aer_deadline`].
    pub fn report_error(&mut self, call: &mut Call<'_>, cmd: PciCmd, real: Bdf, state: i32) -> bool {
        let Some(shown) = self.slots.shown(real) else { return false };
        let handles = pciif::is_set(call.page, XEN_PCIB_AERHANDLER);
        if !handles || self.aer_until.is_some() {
            return false;
        }
        let (bus, devfn) = (shown.bus().into(), shown.devfn().into());
        AerOp { cmd: cmd as u32, err: state, domain: 0, bus, devfn }.store(call.page);
        // The driver has its write barrier behind the flag, before it notifies; that setting a bit is a locked operation on x86
        // is what keeps the report ahead.
        pciif::set(call.page, XEN_PCIB_ACTIVE);
        self.aer_until = Some(call.now + AER_WAIT_NANOS);
        call.step(Pciif::ErrorReported { cmd: cmd as u8, place: shown });
        true
    }

    /// The guest has not answered a report in time: pciback clears bit 2 itself, and the guest is to be killed
    /// (`kill_domain_by_device`). False if there is no such report.
    pub fn give_up_report(&mut self, call: &mut Call<'_>) -> bool {
        let over = self.aer_until.take_if(|until| *until <= call.now).is_some();
        if over {
            pciif::clear(call.page, XEN_PCIB_ACTIVE);
        }
        over
    }

    /// Until when the guest is to have answered a report.
    #[must_use]
    pub const fn aer_deadline(&self) -> Option<Time> {
        self.aer_until
    }

    /// Whether a request is at work or put down for it.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        self.op_active
    }
}
