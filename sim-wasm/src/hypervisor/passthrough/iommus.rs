//! The machine's remapping units, domains and devices, as Xen keeps them.
//!
//! Each change is a [`Step`]; after each, the requests of devices that never stop are tried
//! ([`Iommus::never_stops`]), so that a wrong order shows.
//!
//! Sources: `xen/drivers/passthrough/iommu.c`, `iommu_setup`, `iommu_domain_init`; `xen/drivers/passthrough/vtd/iommu.c`,
//! `intel_vtd_setup`, `intel_iommu_hwdom_init`; `xen/drivers/passthrough/x86/iommu.c`, `arch_iommu_hwdom_init`.
//!
//! Not modelled: locks and other processors, IOMMU pages of the unit's own NUMA node, and device IOTLBs. Xen's flush of what
//! was not present names number 0 for translations too, where this one names the domain's number, as Linux does.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::dids::Holder;
use crate::hypervisor::passthrough::drhd::Drhd;
use crate::hypervisor::passthrough::filter::GrantedPage;
use crate::hypervisor::passthrough::options::{AssignError, Dom0Mode, GuestKind, Options, Switch, Version, Wanted};
use crate::hypervisor::passthrough::reaction::FaultCount;
use crate::hypervisor::passthrough::repairs::Repairs;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::passthrough::stores::{Stores, Visibility};
use crate::hypervisor::passthrough::table::{READ_WRITE, Table};
use crate::hypervisor::vtd::capabilities::{
    CAP_RWBF, Capabilities, ECAP_COHERENT, ECAP_INTERRUPTS, ECAP_PASS_THROUGH, ECAP_QUEUED,
};
use crate::hypervisor::vtd::structures::PAGE_SHIFT;
use crate::hypervisor::vtd::walk::Request;
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

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

/// Reserved memory, mapped one to one (`struct identity_map`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) first: Dfn,
    pub(super) pages: u32,
    /// How many of the domain's devices it is mapped for.
    pub(super) devices: u32,
}

impl Identity {
    /// Whether it is that memory.
    pub(super) fn is(&self, first: Dfn, pages: u32) -> bool {
        (self.first, self.pages) == (first, pages)
    }
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
    /// Whether a guest has got a device whose interrupts are not remapped: it may forge any
    /// ([`taken`](Iommus::taken)). Nobody notes it where there is no unit at all, since then nothing is assigned.
    pub untrusted_msi: Switch,
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
    /// Whether Xen boots with these units: it stops if one is required and there is none, or none that remaps interrupts where
    /// that is not forgone (CVE-2011-1898).
    #[must_use]
    pub fn can_boot(options: Options, units: &[Capabilities]) -> bool {
        let suffice = !options.intremap.is_on() || remaps_interrupts(options, units);
        options.wanted != Wanted::Required || (!units.is_empty() && suffice)
    }

    /// Sets the machine's units up, unless the options say not to, with dom0's tables; translation is on at the end. The
    /// first `xen_heap` frames are Xen's own, and dom0's devices do not see them.
    ///
    /// # Errors
    /// Memory may be full; and [`AssignError::NoSuchDevice`] if Xen does not [boot](Iommus::can_boot).
    pub fn boot(
        memory: &mut Memory,
        options: Options,
        units: &[Capabilities],
        xen_heap: u32,
    ) -> Result<Iommus, AssignError> {
        if !Iommus::can_boot(options, units) {
            return Err(AssignError::NoSuchDevice);
        }
        let units = if options.wanted == Wanted::No { &[] } else { units };
        let hidden = |unit: &Capabilities| !unit.extends_to(ECAP_COHERENT) || unit.has(CAP_RWBF);
        let visibility = if units.iter().any(hidden) { Visibility::WhenSynced } else { Visibility::AtOnce };
        let mut iommus = Iommus {
            options,
            repairs: Repairs::ALL,
            relaxed_rdm: Switch::Off,
            untrusted_msi: Switch::Off,
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
            if remaps_interrupts(options, units) {
                iommus.enable_intremap(memory)?;
            }
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

    /// The frame that everything in quarantine leads to, if that is the way.
    #[must_use]
    pub const fn scratch_page(&self) -> Option<Mfn> {
        self.scratch
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

    /// Whether this is the Xen of 2008.
    pub(super) const fn is_old(&self) -> bool {
        matches!(self.options.version, Version::Xen33)
    }
}

/// Whether interrupts are remapped: all units can, by their queues, and nobody said not to.
fn remaps_interrupts(options: Options, units: &[Capabilities]) -> bool {
    let remap = |unit: &Capabilities| unit.extends_to(ECAP_INTERRUPTS | ECAP_QUEUED);
    options.intremap.is_on() && options.qinval.is_on() && units.iter().all(remap)
}
