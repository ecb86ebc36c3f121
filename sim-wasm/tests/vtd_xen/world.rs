//! A machine with one unit, two devices of dom0, and two guests that may get them.

use sim_wasm::hypervisor::memory::{Memory, Owner};
use sim_wasm::hypervisor::passthrough::iommus::{Iommus, PciDevice, Rmrr};
use sim_wasm::hypervisor::passthrough::options::{AssignError, GuestKind, Options, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn};

pub(crate) const FRAMES: u32 = 400;
/// The first frames are Xen's.
pub(crate) const XEN_HEAP: u32 = 4;
pub(crate) const DOM1: DomId = DomId(1);
pub(crate) const DOM2: DomId = DomId(2);
pub(crate) const CARD: Bdf = Bdf::new(3, 0, 0);
pub(crate) const OTHER: Bdf = Bdf::new(3, 1, 0);

pub(crate) struct Machine {
    pub(crate) memory: Memory,
    pub(crate) iommus: Iommus,
    /// Two frames of dom0, and four each of both guests.
    pub(crate) dom0: Vec<Mfn>,
    pub(crate) guests: [Vec<Mfn>; 2],
}

pub(crate) fn options(version: Version, text: Option<&str>) -> Options {
    let (options, unknown) = Options::parse(version, text, None);
    assert_eq!(unknown, None);
    options
}

/// A machine with one unit, two devices of dom0, and two guests of a kind that may get them.
pub(crate) fn machine(options: Options, units: &[Capabilities], kind: GuestKind) -> Machine {
    machine_with(options, units, kind, Repairs::ALL, None)
}

pub(crate) fn machine_with(
    options: Options,
    units: &[Capabilities],
    kind: GuestKind,
    repairs: Repairs,
    rmrr: Option<Rmrr>,
) -> Machine {
    let mut memory = Memory::new(FRAMES);
    for _ in 1..XEN_HEAP {
        memory.alloc(Owner::Xen(None)).expect("there is room");
    }
    let mut take = |domain, count| -> Vec<Mfn> {
        (0..count).map(|_| memory.alloc(Owner::Domain(domain)).expect("there is room")).collect()
    };
    let (dom0, guests) = (take(DomId::DOM0, 2), [take(DOM1, 4), take(DOM2, 4)]);
    let mut iommus = Iommus::boot(&mut memory, options, units, XEN_HEAP).expect("it boots");
    iommus.repairs = repairs;
    if let Some(rmrr) = rmrr {
        iommus.add_rmrr(rmrr);
    }
    for device in [CARD, OTHER] {
        iommus.add_device(&mut memory, PciDevice::new(device, 0)).expect("there is room");
    }
    for guest in [DOM1, DOM2] {
        iommus.add_domain(&mut memory, guest, kind).expect("there is room");
    }
    iommus.take_steps();
    Machine { memory, iommus, dom0, guests }
}

pub(crate) fn today(kind: GuestKind) -> Machine {
    machine(options(Version::Today, None), &[Capabilities::typical()], kind)
}

impl Machine {
    /// A device writes a byte to the start of a page as it counts, or dies at the unit.
    pub(crate) fn write(&mut self, source: Bdf, page: u32) -> Ending {
        self.iommus.unit_mut(0).unit.dma_write(&mut self.memory, source, u64::from(page) << 12, &[0xEE]).ending
    }

    /// Where a device's page leads now, with what the unit remembers.
    pub(crate) fn reaches(&mut self, source: Bdf, page: u32) -> Option<Mfn> {
        let request = Request::write(source, u64::from(page) << 12);
        let found = self.iommus.unit_mut(0).unit.translate(&self.memory, request);
        found.ok().map(|found| Mfn((found.address >> 12) as u32))
    }

    /// Every page of so many that a device reaches.
    pub(crate) fn reach(&mut self, source: Bdf) -> Vec<Mfn> {
        (0..FRAMES).filter_map(|page| self.reaches(source, page)).collect()
    }

    pub(crate) fn assign(&mut self, source: Bdf, to: DomId) -> Result<(), AssignError> {
        self.iommus.assign(&mut self.memory, source, to)
    }

    pub(crate) fn p2m(&mut self, guest: DomId, page: u32, frame: Option<Mfn>) -> Result<(), AssignError> {
        self.iommus.p2m_changed(&mut self.memory, guest, Dfn(page), frame, 0)
    }

    pub(crate) fn was_touched(&self, frame: Mfn) -> bool {
        self.memory.xen_page(frame).read_u8(0) == 0xEE
    }
}

pub(crate) fn rmrr(devices: &[Bdf]) -> Rmrr {
    Rmrr { first: Dfn(300), pages: 2, devices: devices.to_vec(), usb: false }
}
