//! The machine's remapping units, domains and devices, as Xen keeps them, and how it speaks to a unit.
//!
//! Each change is a [`Step`]; after each, the requests of devices that never stop are tried
//! ([`Iommus::never_stops`]), so that a wrong order shows.
//!
//! Sources: `xen/drivers/passthrough/iommu.c`, `xen/drivers/passthrough/vtd/iommu.c`, `vtd/qinval.c`.
//!
//! Not modelled: locks and other processors, IOMMU pages of the unit's own NUMA node, and device IOTLBs. Xen's flush of what
//! was not present names number 0 for translations too, where this one names the domain's number, as Linux does.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::dids::{Dids, Holder};
use crate::hypervisor::passthrough::filter::GrantedPage;
use crate::hypervisor::passthrough::options::{AssignError, Dom0Mode, GuestKind, Options, Switch, Version, Wanted};
use crate::hypervisor::passthrough::reaction::FaultCount;
use crate::hypervisor::passthrough::repairs::Repairs;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::passthrough::stores::{Stores, Visibility};
use crate::hypervisor::passthrough::table::{READ_WRITE, Table};
use crate::hypervisor::vtd::caches::{CacheSizes, ContextScope, IotlbScope};
use crate::hypervisor::vtd::capabilities::{
    CAP_CM, CAP_PSI, CAP_RWBF, Capabilities, ECAP_COHERENT, ECAP_PASS_THROUGH, ECAP_QUEUED,
};
use crate::hypervisor::vtd::invalidation::{DESCRIPTOR_SIZE, Descriptor, Drain, Wait};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{PAGE_SHIFT, address_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::vtd::walk::Request;
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

/// Whoever has devices in quarantine (`DOMID_IO`, `xen/include/public/xen.h`).
pub const DOM_IO: DomId = DomId(0x7FF1);

/// Polls of a wait descriptor's word before a Xen that does not wait goes on; of the order of what fits into 1 ms.
const PATIENCE: u32 = 1000;

/// A unit, and what Xen keeps about it (`struct acpi_drhd_unit`, `struct vtd_iommu`).
#[derive(Clone, Debug)]
pub struct Drhd {
    /// The hardware.
    pub unit: Unit,
    /// The numbers that it knows domains by.
    pub dids: Dids,
    /// Polls for which it takes no descriptor: a slow unit.
    pub slow: u32,
    pub(super) root: Mfn,
    /// The context table of each bus that has one.
    pub(super) contexts: Vec<(u8, Mfn)>,
    queue: Mfn,
    status: Mfn,
    sequence: u32,
}

/// A domain, for units (`struct domain_iommu`).
#[derive(Clone, Debug)]
pub struct DomainIommu {
    /// Its number.
    pub id: DomId,
    /// What kind; dom0 is a PV domain.
    pub kind: GuestKind,
    /// Its tables; dom0 may have none, then its devices' requests pass as they are.
    pub table: Option<Table>,
    /// Reserved memory that is mapped for its devices.
    pub(super) identity: Vec<Identity>,
    /// Frames of others that it has mapped.
    pub(super) granted: Vec<GrantedPage>,
}

/// Reserved memory, mapped one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) first: Dfn,
    pub(super) pages: u32,
}

/// Memory that firmware reserved for devices, which may access it at any time (`struct acpi_rmrr_unit`).
#[derive(Clone, Debug)]
pub struct Rmrr {
    /// The first page.
    pub first: Dfn,
    /// How many.
    pub pages: u32,
    /// For which.
    pub devices: Vec<Bdf>,
    /// Whether it is a USB controller's, which Xen 3.3 left out, since it lay where guests have their BIOS.
    pub usb: bool,
}

/// A function of a device (`struct pci_dev`).
#[derive(Clone, Debug)]
pub struct PciDevice {
    /// Its requester ID.
    pub source: Bdf,
    /// Its unit.
    pub unit: u8,
    /// Whose it is.
    pub owner: DomId,
    /// Requester IDs besides its own that its requests may have: phantom functions, its bridge, and `(secondary bus, 00.0)`.
    pub aliases: Vec<Bdf>,
    /// Tables for when nobody has it.
    pub(super) quarantine: Option<Table>,
    pub(super) faults: FaultCount,
}

impl PciDevice {
    /// A function behind the root complex, dom0's.
    #[must_use]
    pub fn new(source: Bdf, unit: u8) -> PciDevice {
        let owner = DomId::DOM0;
        PciDevice { source, unit, owner, aliases: Vec::new(), quarantine: None, faults: FaultCount::NONE }
    }

    /// The same behind a bridge from PCI Express to PCI, which speaks for it, as itself or as the first function behind.
    #[must_use]
    pub fn behind_bridge(mut self, bridge: Bdf, secondary: u8) -> PciDevice {
        self.aliases.extend([bridge, Bdf::new(secondary, 0, 0)]);
        self
    }

    /// The same with phantom functions: other function numbers that it uses to have more requests under way.
    #[must_use]
    pub fn with_phantoms(mut self, phantoms: &[Bdf]) -> PciDevice {
        self.aliases.extend_from_slice(phantoms);
        self
    }

    /// All its requester IDs, its own first.
    #[must_use]
    pub fn sources(&self) -> Vec<Bdf> {
        let aliases = self.aliases.iter().copied().filter(|alias| *alias != self.source);
        core::iter::once(self.source).chain(aliases).collect()
    }
}

/// All that Xen knows about remapping.
#[derive(Clone, Debug)]
pub struct Iommus {
    /// What was asked for at boot.
    pub options: Options,
    /// What was repaired.
    pub repairs: Repairs,
    /// Whether a device may be given away whose reserved memory others use too (`rdm_policy=relaxed`).
    pub relaxed_rdm: Switch,
    /// A function whose context entry cannot be written: what goes wrong in a test of that.
    pub refuses: Option<Bdf>,
    pub(super) units: Vec<Drhd>,
    pub(super) domains: Vec<DomainIommu>,
    pub(super) devices: Vec<PciDevice>,
    pub(super) rmrrs: Vec<Rmrr>,
    pub(super) stores: Stores,
    /// The page for everything in quarantine, if that is the way.
    pub(super) scratch: Option<Mfn>,
    restless: Vec<(u8, Request)>,
    steps: Vec<Step>,
}

impl Iommus {
    /// Sets the machine's units up, unless the options say not to, with dom0's tables; translation is on at the end. The
    /// first `xen_heap` frames are Xen's own, and dom0's devices do not see them.
    ///
    /// # Errors
    /// Memory may be full; and [`AssignError::NoSuchDevice`] if a unit is required and there is none, when Xen stops.
    pub fn boot(
        memory: &mut Memory,
        options: Options,
        units: &[Capabilities],
        xen_heap: u32,
    ) -> Result<Iommus, AssignError> {
        if options.wanted == Wanted::Required && units.is_empty() {
            return Err(AssignError::NoSuchDevice);
        }
        let units = if options.wanted == Wanted::No { &[] } else { units };
        let hidden = |unit: &Capabilities| !unit.extends_to(ECAP_COHERENT) || unit.has(CAP_RWBF);
        let visibility = if units.iter().any(hidden) { Visibility::WhenSynced } else { Visibility::AtOnce };
        let mut iommus = Iommus {
            options,
            repairs: Repairs::ALL,
            relaxed_rdm: Switch::Off,
            refuses: None,
            units: Vec::new(),
            domains: Vec::new(),
            devices: Vec::new(),
            rmrrs: Vec::new(),
            stores: Stores::new(visibility),
            scratch: None,
            restless: Vec::new(),
            steps: Vec::new(),
        };
        for capabilities in units {
            let drhd = Drhd::new(memory, *capabilities, options)?;
            iommus.units.push(drhd);
        }
        if !iommus.units.is_empty() {
            iommus.add_dom0(memory, xen_heap)?;
            for drhd in &mut iommus.units {
                drhd.enable(memory);
            }
        }
        iommus.steps.clear();
        Ok(iommus)
    }

    /// Whether there is a unit in use.
    #[must_use]
    pub fn are_enabled(&self) -> bool {
        !self.units.is_empty()
    }

    /// The unit of a number.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn unit(&self, number: u8) -> &Drhd {
        &self.units[usize::from(number)]
    }

    /// The unit of a number, as devices and slow hardware get at it.
    ///
    /// # Panics
    /// If there is none.
    pub fn unit_mut(&mut self, number: u8) -> &mut Drhd {
        &mut self.units[usize::from(number)]
    }

    /// A domain, for units.
    #[must_use]
    pub fn domain(&self, id: DomId) -> Option<&DomainIommu> {
        self.domains.iter().find(|domain| domain.id == id)
    }

    /// A device.
    #[must_use]
    pub fn device(&self, source: Bdf) -> Option<&PciDevice> {
        self.devices.iter().find(|device| device.source == source)
    }

    /// Table writes that no unit sees yet.
    #[must_use]
    pub const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// From now on a device makes this request after each step, whatever becomes of it.
    pub fn never_stops(&mut self, unit: u8, request: Request) {
        self.restless.push((unit, request));
    }

    /// Takes the steps since the last call.
    pub fn take_steps(&mut self) -> Vec<Step> {
        core::mem::take(&mut self.steps)
    }

    /// Firmware's reserved memory.
    pub fn add_rmrr(&mut self, rmrr: Rmrr) {
        self.rmrrs.push(rmrr);
    }

    /// A device is found, and is dom0's (`pci_add_device`).
    ///
    /// # Errors
    /// Memory may be full.
    pub fn add_device(&mut self, memory: &mut Memory, device: PciDevice) -> Result<(), AssignError> {
        let (source, sources, unit) = (device.source, device.sources(), device.unit);
        self.devices.push(device);
        if self.are_enabled() {
            self.map_rmrrs(memory, DomId::DOM0, source)?;
            for source in sources {
                self.map_context(memory, unit, source, Holder::Domain(DomId::DOM0))?;
            }
        }
        Ok(())
    }

    /// A domain is made that may get devices, with tables. A PV domain's are filled with its pages, if it is to have tables.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn add_domain(&mut self, memory: &mut Memory, id: DomId, kind: GuestKind) -> Result<(), AssignError> {
        if !self.are_enabled() {
            return Ok(());
        }
        let table = Some(Table::new(memory)?);
        self.domains.push(DomainIommu { id, kind, table, identity: Vec::new(), granted: Vec::new() });
        match kind {
            GuestKind::Pv if self.options.pv.is_on() => self.populate(memory, id),
            GuestKind::Pv | GuestKind::Hvm => Ok(()),
        }
    }

    /// Dom0's tables: one to one, all of memory but Xen's own, or its own frames alone.
    fn add_dom0(&mut self, memory: &mut Memory, xen_heap: u32) -> Result<(), AssignError> {
        let all_pass = self.units.iter().all(|drhd| drhd.unit.capabilities().extends_to(ECAP_PASS_THROUGH));
        let id = DomId::DOM0;
        let table = match self.options.dom0 {
            Dom0Mode::PassThrough if all_pass => None,
            Dom0Mode::PassThrough | Dom0Mode::Relaxed | Dom0Mode::Strict => Some(Table::new(memory)?),
        };
        let has_table = table.is_some();
        self.domains.push(DomainIommu { id, kind: GuestKind::Pv, table, identity: Vec::new(), granted: Vec::new() });
        if !has_table {
            return Ok(());
        }
        for number in xen_heap..memory.size() {
            let frame = Mfn(number);
            let own = memory.owner(frame) == Ok(Owner::Domain(DomId::DOM0));
            if own || self.options.dom0 != Dom0Mode::Strict {
                self.map_page(memory, id, Dfn(number), frame, READ_WRITE)?;
            }
        }
        Ok(())
    }

    pub(super) fn domain_mut(&mut self, id: DomId) -> Option<&mut DomainIommu> {
        self.domains.iter_mut().find(|domain| domain.id == id)
    }

    /// A domain that must be known.
    pub(super) fn known_mut(&mut self, id: DomId) -> &mut DomainIommu {
        self.domain_mut(id).expect("who is mapped for was added before")
    }

    /// Notes a step; devices that never stop get their turn.
    pub(super) fn step(&mut self, memory: &Memory, step: Step) {
        self.steps.push(step);
        for (unit, request) in &self.restless {
            let (source, dfn) = (request.source, Dfn((request.address >> PAGE_SHIFT) as u32));
            self.steps.push(match self.units[usize::from(*unit)].unit.translate(memory, *request) {
                Ok(found) => Step::InFlightReached { source, dfn, frame: Mfn((found.address >> PAGE_SHIFT) as u32) },
                Err(refusal) => Step::InFlightBlocked { source, dfn, reason: refusal.fault },
            });
        }
    }

    /// Maps a page in a domain's tables, or changes how it is mapped, up to the flush.
    pub(super) fn map_page(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        dfn: Dfn,
        frame: Mfn,
        bits: u64,
    ) -> Result<(), AssignError> {
        self.map_pages(memory, id, (dfn, frame), bits, 1)
    }

    /// The same for pages of an order that a level maps.
    pub(super) fn map_pages(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        (dfn, frame): (Dfn, Mfn),
        bits: u64,
        level: u8,
    ) -> Result<(), AssignError> {
        let domain = self.domains.iter_mut().find(|domain| domain.id == id);
        let domain = domain.expect("who is mapped for was added before");
        let Some(table) = &mut domain.table else { return Ok(()) };
        let change = table.map(memory, &mut self.stores, dfn, frame, bits, level)?;
        if change.split > 0 {
            self.step(memory, Step::SuperpageSplit { domain: id, dfn, order: change.split });
        }
        let writable = bits & READ_WRITE == READ_WRITE;
        self.step(memory, Step::Mapped { domain: id, dfn, frame, writable });
        self.make_visible(memory);
        let order = 9 * (level - 1);
        if change.old.is_present() || change.split > 0 {
            self.flush_pages(memory, id, dfn, order.max(change.split));
        } else if self.units.iter().any(|drhd| drhd.unit.capabilities().has(CAP_CM)) {
            self.flush_pages(memory, id, dfn, order);
        }
        Ok(())
    }

    /// Unmaps a page from a domain's tables, and has units forget it. When this returns nothing goes there any more, if the
    /// unit was waited for.
    pub(super) fn unmap_page(&mut self, memory: &mut Memory, id: DomId, dfn: Dfn) -> Result<(), AssignError> {
        let domain = self.domains.iter_mut().find(|domain| domain.id == id);
        let domain = domain.expect("who is unmapped for was added before");
        let Some(table) = &mut domain.table else { return Ok(()) };
        let change = table.unmap(memory, &mut self.stores, dfn)?;
        if !change.old.is_present() {
            return Ok(());
        }
        if change.split > 0 {
            self.step(memory, Step::SuperpageSplit { domain: id, dfn, order: change.split });
        }
        self.step(memory, Step::Unmapped { domain: id, dfn });
        self.make_visible(memory);
        self.flush_pages(memory, id, dfn, change.split);
        Ok(())
    }

    /// Where a domain's devices get by its tables, as the processor sees them.
    #[must_use]
    pub fn look_up(&self, memory: &Memory, id: DomId, dfn: Dfn) -> Option<(Mfn, u64)> {
        let domain = self.domain(id)?;
        match &domain.table {
            Some(table) => table.look_up(memory, &self.stores, dfn),
            None => Some((Mfn(dfn.0), READ_WRITE)),
        }
    }

    /// Lets units see what was written into tables.
    fn make_visible(&mut self, memory: &mut Memory) {
        if self.stores.held() == 0 {
            return;
        }
        let incoherent = self.units.iter().any(|drhd| !drhd.unit.capabilities().extends_to(ECAP_COHERENT));
        if incoherent && !self.repairs.syncs_cache {
            return;
        }
        let entries = self.stores.sync(memory);
        if incoherent {
            self.step(memory, Step::CacheSynced { entries });
        }
        self.flush_write_buffers(memory);
    }

    /// Has the chipset let writes through, where it holds them back.
    pub(super) fn flush_write_buffers(&mut self, memory: &mut Memory) {
        for number in 0..self.units.len() {
            let unit = &mut self.units[number].unit;
            if unit.capabilities().has(CAP_RWBF) {
                let states = unit.read_u32(reg::GSTS) & reg::GCMD_STATES;
                unit.write_u32(memory, reg::GCMD, states | reg::GCMD_WBF);
                self.step(memory, Step::WriteBufferFlushed { unit: number as u8 });
            }
        }
    }

    /// Has all units forget some pages of a domain (`iommu_flush_iotlb_pages`): by page if the unit can name so many, else all
    /// of the domain's.
    pub(super) fn flush_pages(&mut self, memory: &mut Memory, id: DomId, dfn: Dfn, order: u8) {
        for number in 0..self.units.len() as u8 {
            let drhd = self.unit(number);
            let Some(did) = drhd.dids.of(Holder::Domain(id)) else { continue };
            let capabilities = drhd.unit.capabilities();
            let dfn = Dfn(dfn.0 >> order << order);
            if capabilities.has(CAP_PSI) && order <= capabilities.largest_mask() {
                self.step(memory, Step::PagesFlushed { unit: number, did, dfn, order });
                let scope = IotlbScope::Pages { did, first: u64::from(dfn.0), order };
                self.submit(memory, number, Descriptor::Iotlb(scope, Drain::ReadsAndWrites));
            } else {
                self.step(memory, Step::DomainFlushed { unit: number, did });
                self.submit(memory, number, Descriptor::Iotlb(IotlbScope::Domain(did), Drain::ReadsAndWrites));
            }
        }
    }

    /// Has a unit do something, and waits until it says that it has (`invalidate_sync`).
    pub(super) fn submit(&mut self, memory: &mut Memory, number: u8, descriptor: Descriptor) {
        let waits = self.repairs.waits;
        let outcome = self.units[usize::from(number)].submit(memory, descriptor, waits);
        match outcome {
            Waited::NoQueue => (),
            Waited::Done(polls) => self.step(memory, Step::WaitDone { unit: number, polls }),
            Waited::Abandoned(polls) => self.step(memory, Step::WaitAbandoned { unit: number, polls }),
        }
    }

    /// Whether this is the Xen of 2008.
    pub(super) const fn is_old(&self) -> bool {
        matches!(self.options.version, Version::Xen33)
    }
}

/// How waiting for a unit ended.
enum Waited {
    /// By a register, which was done at once.
    NoQueue,
    Done(u32),
    Abandoned(u32),
}

impl Drhd {
    fn new(memory: &mut Memory, capabilities: Capabilities, options: Options) -> Result<Drhd, AssignError> {
        let mut take = || memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory);
        let (root, queue, status) = (take()?, take()?, take()?);
        let mut unit = Unit::new(capabilities, CacheSizes::default());
        unit.write_u64(memory, reg::RTADDR, address_of(root));
        unit.write_u64(memory, reg::IQA, address_of(queue));
        unit.write_u32(memory, reg::FECTL, 0);
        let queued = capabilities.extends_to(ECAP_QUEUED) && options.qinval.is_on();
        let states = if queued { reg::GCMD_QIE } else { 0 };
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP | states);
        let dids = Dids::new(capabilities.domains(), capabilities.has(CAP_CM));
        let (contexts, slow, sequence) = (Vec::new(), 0, 0);
        Ok(Drhd { unit, dids, slow, root, contexts, queue, status, sequence })
    }

    /// Has everything forgotten, then translates (`iommu_flush_all`, `iommu_enable_translation`).
    fn enable(&mut self, memory: &mut Memory) {
        self.submit(memory, Descriptor::Context(ContextScope::Global), true);
        self.submit(memory, Descriptor::Iotlb(IotlbScope::Global, Drain::ReadsAndWrites), true);
        let states = self.unit.read_u32(reg::GSTS) & reg::GCMD_STATES;
        self.unit.write_u32(memory, reg::GCMD, states | reg::GCMD_TE);
    }

    fn submit(&mut self, memory: &mut Memory, descriptor: Descriptor, waits: bool) -> Waited {
        if self.unit.read_u32(reg::GSTS) & reg::GCMD_QIE == 0 {
            self.by_register(memory, descriptor);
            return Waited::NoQueue;
        }
        self.sequence += 1;
        let status = Some((address_of(self.status), self.sequence));
        let wait = Descriptor::Wait(Wait { status, interrupt: false });
        let mut tail = self.unit.read_u64(reg::IQT);
        for [low, high] in [descriptor.encode(), wait.encode()] {
            let page = memory.xen_page_mut(self.queue);
            page.write_u64(tail as usize, low);
            page.write_u64(tail as usize + 8, high);
            tail = (tail + u64::from(DESCRIPTOR_SIZE)) % 0x1000;
        }
        self.unit.write_u64(memory, reg::IQT, tail);
        let mut polls = 0;
        loop {
            polls += 1;
            if self.slow > 0 {
                self.slow -= 1;
            } else {
                let taken = self.unit.take_descriptor(memory);
                assert!(taken.is_some(), "Xen's descriptors make sense, and the one it waits for is among them");
            }
            if memory.xen_page(self.status).read_u32(0) == self.sequence {
                return Waited::Done(polls);
            }
            if polls == PATIENCE && !waits {
                return Waited::Abandoned(polls);
            }
        }
    }

    fn by_register(&mut self, memory: &mut Memory, descriptor: Descriptor) {
        let iotlb = self.unit.capabilities().iotlb_registers_at() + 8;
        let drains = reg::IOTLB_DRAIN_READS | reg::IOTLB_DRAIN_WRITES;
        let word = |granularity: u64, did: u16| {
            reg::IOTLB_IVT | granularity << reg::IOTLB_REQUEST_SHIFT | drains | u64::from(did) << 32
        };
        match descriptor {
            Descriptor::Context(scope) => {
                let fields = match scope {
                    ContextScope::Global => 1 << reg::CCMD_REQUEST_SHIFT,
                    ContextScope::Domain(did) => 2 << reg::CCMD_REQUEST_SHIFT | u64::from(did.0),
                    ContextScope::Device { did, source, mask } => {
                        let names = u64::from(source.0) << 16 | u64::from(did.0);
                        3 << reg::CCMD_REQUEST_SHIFT | u64::from(mask) << 32 | names
                    }
                };
                self.unit.write_u64(memory, reg::CCMD, reg::CCMD_ICC | fields);
            }
            Descriptor::Iotlb(IotlbScope::Global, _) => self.unit.write_u64(memory, iotlb, word(1, 0)),
            Descriptor::Iotlb(IotlbScope::Domain(did), _) => self.unit.write_u64(memory, iotlb, word(2, did.0)),
            Descriptor::Iotlb(IotlbScope::Pages { did, first, order }, _) => {
                self.unit.write_u64(memory, iotlb - 8, first << PAGE_SHIFT | u64::from(order));
                self.unit.write_u64(memory, iotlb, word(3, did.0));
            }
            Descriptor::DeviceIotlb { .. } | Descriptor::InterruptEntries(_) | Descriptor::Wait(_) => {
                unreachable!("only a queue takes these")
            }
        }
    }
}
