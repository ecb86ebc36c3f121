//! The guest's half of PCI pass-through: one request at a time, and a wait with an end.
//!
//! ```text
//!   post ──► bit 0 set, notified ──► poll: bit clear? ──yes──► answer
//!                                     │  no: wait for an event, at most 3 s
//!                                     └─ more than 2 s since the post: clear bit 0, give up
//! ```
//!
//! The kernel holds a lock and waits; here [`Pcifront::post`] begins, and [`Pcifront::poll`] is called when an event came or when
//! the time it named has come. A poll without an event returns after 3 s, so a backend that is silent is given up then; one
//! whose event comes after 2 s is given up at once, unless it was the answer.
//!
//! The driver cannot tell whose answer it takes: that bit 0 is clear is all that it knows. A backend that answers a request
//! which was given up clears the bit of the next one.
//!
//! Reports of errors come by the same port. A wait eats the event, so today's driver looks at bit 2 after each request.
//!
//! Sources: `drivers/xen/pcifront/pci_op.c` of linux-2.6.18-xen, `drivers/pci/xen-pcifront.c` of mainline Linux.
//!
//! Not modelled: what drivers do when an error is reported (their answer is given), and several pcifronts of a guest, of which
//! there is one.

pub mod scan;

use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::pciif::Pciif;
use crate::actors::log::{Event, Log};
use crate::hypervisor::page::Page;
use crate::protocols::pciif::{
    self, AerOp, EINVAL, ENODEV, MsixEntry, PciCmd, PciOp, Place, SH_INFO_MAX_VEC, XEN_PCI_ERR_ACCESS_DENIED,
    XEN_PCI_ERR_DEV_NOT_FOUND, XEN_PCI_ERR_INVALID_OFFSET, XEN_PCI_ERR_NOT_IMPLEMENTED, XEN_PCI_ERR_OP_FAILED,
    XEN_PCI_ERR_SUCCESS, XEN_PCIB_ACTIVE, XEN_PCIB_AERHANDLER, XEN_PCIF_ACTIVE,
};
use crate::words::ids::Bdf;
use crate::words::time::Time;

/// How long one poll waits for an event: 3 s.
pub const POLL_NANOS: u64 = 3_000_000_000;
/// After how long the driver gives up when a poll has returned: 2 s.
pub const GIVE_UP_NANOS: u64 = 2_000_000_000;

/// What the driver works with during one call.
#[derive(Debug)]
pub struct Call<'machine> {
    /// The page that it shares with dom0.
    pub page: &'machine mut Page,
    /// The time of the call.
    pub now: Time,
    /// Where what happens is told.
    pub log: &'machine mut Log,
}

impl Call<'_> {
    fn step(&mut self, event: Pciif) {
        self.log.step(self.now, Event::Pciif(event));
    }
}

/// How a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// No answer yet: call again at an event, and at this time at the latest.
    Wait(Time),
    /// The answer, or what the driver takes for it.
    Done(Reply),
}

/// What came of a request (`do_pci_op`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// `XEN_PCI_ERR_*`, or what else the backend wrote.
    pub err: i32,
    /// The value that was read, for MSI the physical interrupt; 0 if it was given up.
    pub value: u32,
    /// For MSI-X the entries with their physical interrupts.
    pub entries: Vec<MsixEntry>,
    /// A report of an error was found beside: [`Pcifront::do_aer`] is due.
    pub report: bool,
}

#[derive(Clone, Debug)]
struct InFlight {
    since: Time,
    /// Entries for MSI-X.
    count: u32,
}

/// The driver.
#[derive(Clone, Debug)]
pub struct Pcifront {
    epoch: FrontEpoch,
    in_flight: Option<InFlight>,
    /// A report is put down for work (`PDEVB_op_active`).
    aer_active: bool,
}

impl Pcifront {
    /// The driver begins: the page is its own, and today's says that it handles errors.
    #[must_use]
    pub fn new(epoch: FrontEpoch, page: &mut Page) -> Pcifront {
        page.clear();
        if epoch == FrontEpoch::Modern {
            pciif::set(page, XEN_PCIB_AERHANDLER);
        }
        Pcifront { epoch, in_flight: None, aer_active: false }
    }

    /// Whether a request is under way.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Writes a request and sets bit 0; dom0 is to be notified then.
    ///
    /// # Panics
    /// If a request is under way: the kernel holds a lock from one end to the other.
    pub fn post(&mut self, call: &mut Call<'_>, op: PciOp) {
        self.post_with(call, op, &[]);
    }

    /// The same with entries for MSI-X.
    ///
    /// # Panics
    /// If a request is under way, or there are more entries than places.
    fn post_with(&mut self, call: &mut Call<'_>, op: PciOp, entries: &[MsixEntry]) {
        assert!(self.in_flight.is_none(), "one request is under way at a time");
        let count = entries.len() as u32;
        assert!(count <= SH_INFO_MAX_VEC, "the caller refuses more entries than the page has");
        op.store(call.page);
        for (number, entry) in entries.iter().enumerate() {
            entry.store(call.page, number as u32);
        }
        // A write barrier stands here.
        pciif::set(call.page, XEN_PCIF_ACTIVE);
        self.in_flight = Some(InFlight { since: call.now, count });
        let place = op.place().map_or(Bdf(0), |place| place.bdf);
        let PciOp { cmd, offset, value, .. } = op;
        call.step(Pciif::RequestPosted { cmd: cmd as u8, place, offset, value });
    }

    /// Asks for MSI-X (`pci_frontend_enable_msix`); more than 128 entries are refused here, `-EINVAL`.
    ///
    /// # Errors
    /// If there are too many entries.
    pub fn enable_msix(&mut self, call: &mut Call<'_>, place: Place, entries: &[u16]) -> Result<(), i32> {
        if entries.len() > SH_INFO_MAX_VEC as usize {
            return Err(EINVAL);
        }
        let op = PciOp { value: entries.len() as u32, ..PciOp::new(PciCmd::EnableMsix, place) };
        let vector = u16::MAX;
        let entries: Vec<MsixEntry> = entries.iter().map(|&entry| MsixEntry { vector, entry }).collect();
        self.post_with(call, op, &entries);
        Ok(())
    }

    /// A poll has returned: an event came, or its time is over.
    ///
    /// # Panics
    /// If no request is under way.
    pub fn poll(&mut self, call: &mut Call<'_>) -> Poll {
        let &InFlight { since, count } = self.in_flight.as_ref().expect("a request is under way");
        if pciif::is_set(call.page, XEN_PCIF_ACTIVE) {
            let nanos = call.now.since(since);
            if nanos <= GIVE_UP_NANOS {
                return Poll::Wait(call.now + POLL_NANOS);
            }
            pciif::clear(call.page, XEN_PCIF_ACTIVE);
            self.in_flight = None;
            call.step(Pciif::GaveUp { nanos });
            let err = XEN_PCI_ERR_DEV_NOT_FOUND;
            return Poll::Done(Reply { err, value: 0, entries: Vec::new(), report: false });
        }
        self.in_flight = None;
        let PciOp { err, value, .. } = PciOp::load(call.page);
        let entries = (0..count).map(|number| MsixEntry::load(call.page, number)).collect();
        call.step(Pciif::AnswerTaken { err, value });
        let report = self.epoch == FrontEpoch::Modern && self.schedule_aer(call);
        if report {
            call.step(Pciif::ErrorFoundBeside);
        }
        Poll::Done(Reply { err, value, entries, report })
    }

    /// An event came while no request is under way: whether [`Pcifront::do_aer`] is due (`pcifront_handler_aer`). While one is
    /// under way its interrupt is off, and the event is the poll's.
    pub fn handle_event(&mut self, call: &mut Call<'_>) -> bool {
        self.in_flight.is_none() && self.epoch == FrontEpoch::Modern && self.schedule_aer(call)
    }

    fn schedule_aer(&mut self, call: &Call<'_>) -> bool {
        let due = pciif::is_set(call.page, XEN_PCIB_ACTIVE) && !self.aer_active;
        self.aer_active |= due;
        due
    }

    /// What is reported.
    #[must_use]
    pub fn report(&self, call: &Call<'_>) -> AerOp {
        AerOp::load(call.page)
    }

    /// The guest's driver has answered a report with `result`; dom0 is to be notified. Whether there is another one
    /// (`pcifront_do_aer`).
    pub fn do_aer(&mut self, call: &mut Call<'_>, result: i32) -> bool {
        let report = AerOp::load(call.page);
        AerOp { err: result, ..report }.store(call.page);
        // A write barrier stands here.
        pciif::clear(call.page, XEN_PCIB_ACTIVE);
        call.step(Pciif::ErrorHandled { result });
        self.aer_active = false;
        self.schedule_aer(call)
    }
}

/// What a driver's read gets of a reply: an error of the PCI layer (`PCIBIOS_*`), or the value (`pcifront_bus_read`).
///
/// `-ENODEV` means an absent device that reads 0. pciback never says so: it says -1, which is an error.
///
/// # Errors
/// With the number of `PCIBIOS_*`, or whatever else the backend wrote.
pub fn read_result(err: i32, value: u32) -> Result<u32, i32> {
    match err {
        XEN_PCI_ERR_SUCCESS => Ok(value),
        ENODEV => Ok(0),
        XEN_PCI_ERR_DEV_NOT_FOUND => Err(PCIBIOS_DEVICE_NOT_FOUND),
        XEN_PCI_ERR_INVALID_OFFSET | XEN_PCI_ERR_OP_FAILED => Err(PCIBIOS_BAD_REGISTER_NUMBER),
        XEN_PCI_ERR_NOT_IMPLEMENTED => Err(PCIBIOS_FUNC_NOT_SUPPORTED),
        XEN_PCI_ERR_ACCESS_DENIED => Err(PCIBIOS_SET_FAILED),
        other => Err(other),
    }
}

/// The PCI layer: not supported.
pub const PCIBIOS_FUNC_NOT_SUPPORTED: i32 = 0x81;
/// The PCI layer: there is no such device.
pub const PCIBIOS_DEVICE_NOT_FOUND: i32 = 0x86;
/// The PCI layer: there is no such register.
pub const PCIBIOS_BAD_REGISTER_NUMBER: i32 = 0x87;
/// The PCI layer: it may not be written.
pub const PCIBIOS_SET_FAILED: i32 = 0x88;
