//! What a remapping unit can do: its two capability registers, and the width of the machine's addresses.
//!
//! Sources: VT-d specification, "Capability register" and "Extended capability register";
//! `xen/drivers/passthrough/vtd/iommu.h`, `cap_*` and `ecap_*`.
//!
//! Not modelled: capabilities that the model never looks at (zero-length reads, protected memory regions, page requests).

use crate::hypervisor::vtd::structures::PteRules;

/// Bit 4 of CAP: table writes wait in the chipset until a write-buffer flush (RWBF).
pub const CAP_RWBF: u64 = 1 << 4;

/// Bit 7 of CAP: the unit may remember that something is not present (CM).
pub const CAP_CM: u64 = 1 << 7;

/// Bit 9 of CAP: tables of 3 levels (SAGAW, bits 12:8).
pub const CAP_39_BIT: u64 = 1 << 9;

/// Bit 10 of CAP: tables of 4 levels.
pub const CAP_48_BIT: u64 = 1 << 10;

/// Bit 34 of CAP: pages of 2 MiB (SLLPS).
pub const CAP_2M: u64 = 1 << 34;

/// Bit 35 of CAP: pages of 1 GiB.
pub const CAP_1G: u64 = 1 << 35;

/// Bit 39 of CAP: invalidation of single pages (PSI).
pub const CAP_PSI: u64 = 1 << 39;

/// Bit 54 of CAP: an invalidation may wait for writes under way (DWD).
pub const CAP_DRAIN_WRITES: u64 = 1 << 54;

/// Bit 55 of CAP: an invalidation may wait for reads under way (DRD).
pub const CAP_DRAIN_READS: u64 = 1 << 55;

/// Bit 59 of CAP: interrupts may be posted (PI).
pub const CAP_POSTING: u64 = 1 << 59;

/// Bit 0 of ECAP: the unit's table reads see processors' caches (C).
pub const ECAP_COHERENT: u64 = 1;

/// Bit 1 of ECAP: invalidations may be queued (QI).
pub const ECAP_QUEUED: u64 = 1 << 1;

/// Bit 2 of ECAP: devices may keep translations of their own (DT).
pub const ECAP_DEVICE_IOTLB: u64 = 1 << 2;

/// Bit 3 of ECAP: interrupts may be remapped (IR).
pub const ECAP_INTERRUPTS: u64 = 1 << 3;

/// Bit 4 of ECAP: interrupts may go to 32-bit numbers of processors (EIM).
pub const ECAP_EXTENDED_INTERRUPTS: u64 = 1 << 4;

/// Bit 6 of ECAP: a context entry may let requests pass as they are (PT).
pub const ECAP_PASS_THROUGH: u64 = 1 << 6;

/// Bit 7 of ECAP: an entry may ask for snooping (SC).
pub const ECAP_SNOOP: u64 = 1 << 7;

/// Where the fault records are, in multiples of 16 bytes (FRO, bits 33:24 of CAP).
const FAULT_RECORDS_AT: u64 = 0x22;

/// Where IVA and the IOTLB register are, in multiples of 16 bytes (IRO, bits 17:8 of ECAP).
const IOTLB_REGISTERS_AT: u64 = 0xF;

/// A unit's capability registers, and how wide the machine's addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The register CAP.
    pub cap: u64,
    /// The register ECAP.
    pub ecap: u64,
    /// Bits of the machine's addresses (HAW); the DMAR table says it.
    pub host_width: u8,
}

impl Capabilities {
    /// A unit of about 2012: 3 and 4 levels, 48 bits, both superpages, single pages and up to 2^9 of them, one fault record,
    /// 256 domains, queued invalidation, interrupt remapping, pass-through, coherent, drains.
    #[must_use]
    pub const fn typical() -> Capabilities {
        let levels = CAP_39_BIT | CAP_48_BIT;
        let superpages = CAP_2M | CAP_1G;
        let cap = levels | superpages | CAP_PSI | CAP_DRAIN_WRITES | CAP_DRAIN_READS | 2 | FAULT_RECORDS_AT << 24;
        let ecap = ECAP_COHERENT | ECAP_QUEUED | ECAP_INTERRUPTS | ECAP_PASS_THROUGH | IOTLB_REGISTERS_AT << 8;
        Capabilities { cap, ecap, host_width: 46 }.with_guest_width(48).with_largest_mask(9)
    }

    /// The same with these bits of CAP set too.
    #[must_use]
    pub const fn with_cap(self, bits: u64) -> Capabilities {
        Capabilities { cap: self.cap | bits, ..self }
    }

    /// The same without these bits of CAP.
    #[must_use]
    pub const fn without_cap(self, bits: u64) -> Capabilities {
        Capabilities { cap: self.cap & !bits, ..self }
    }

    /// The same with these bits of ECAP set too.
    #[must_use]
    pub const fn with_ecap(self, bits: u64) -> Capabilities {
        Capabilities { ecap: self.ecap | bits, ..self }
    }

    /// The same without these bits of ECAP.
    #[must_use]
    pub const fn without_ecap(self, bits: u64) -> Capabilities {
        Capabilities { ecap: self.ecap & !bits, ..self }
    }

    /// The same for addresses of devices of at most so many bits (MGAW, bits 21:16 of CAP, one less).
    #[must_use]
    pub const fn with_guest_width(self, bits: u8) -> Capabilities {
        self.with_field(16, 6, bits as u64 - 1)
    }

    /// The same with so many fault records (NFR, bits 47:40 of CAP, one less); the model's register page has room for 8.
    #[must_use]
    pub const fn with_fault_records(self, number: u8) -> Capabilities {
        self.with_field(40, 8, number as u64 - 1)
    }

    /// The same with invalidations of up to `2^mask` pages at a time (MAMV, bits 53:48 of CAP).
    #[must_use]
    pub const fn with_largest_mask(self, mask: u8) -> Capabilities {
        self.with_field(48, 6, mask as u64)
    }

    const fn with_field(self, at: u32, width: u32, value: u64) -> Capabilities {
        let mask = (1 << width) - 1;
        Capabilities { cap: self.cap & !(mask << at) | (value & mask) << at, ..self }
    }

    /// Whether all of these bits of CAP are set.
    #[must_use]
    pub const fn has(self, bits: u64) -> bool {
        self.cap & bits == bits
    }

    /// Whether all of these bits of ECAP are set.
    #[must_use]
    pub const fn extends_to(self, bits: u64) -> bool {
        self.ecap & bits == bits
    }

    /// Bits of the addresses that devices may use.
    #[must_use]
    pub const fn guest_width(self) -> u8 {
        (self.cap >> 16 & 0x3F) as u8 + 1
    }

    /// Whether a context entry may have this address width, levels less two.
    #[must_use]
    pub const fn has_width(self, address_width: u8) -> bool {
        address_width < 5 && self.cap >> (8 + address_width) & 1 != 0
    }

    /// The most levels that the unit walks.
    #[must_use]
    pub const fn most_levels(self) -> u8 {
        if self.has_width(3) {
            5
        } else if self.has_width(2) {
            4
        } else {
            3
        }
    }

    /// How many numbers for domains there are, `2^(4 + 2 × ND)` (ND, bits 2:0 of CAP); 0 is among them, though not for use in caching mode.
    #[must_use]
    pub const fn domains(self) -> u32 {
        1 << (4 + 2 * (self.cap & 7))
    }

    /// How many fault records there are.
    #[must_use]
    pub const fn fault_records(self) -> u16 {
        (self.cap >> 40 & 0xFF) as u16 + 1
    }

    /// Where the first fault record is, in bytes.
    #[must_use]
    pub const fn fault_records_at(self) -> u16 {
        (self.cap >> 24 & 0x3FF) as u16 * 16
    }

    /// Where IVA is, in bytes; the IOTLB register follows it.
    #[must_use]
    pub const fn iotlb_registers_at(self) -> u16 {
        (self.ecap >> 8 & 0x3FF) as u16 * 16
    }

    /// The largest order of pages that one invalidation may name.
    #[must_use]
    pub const fn largest_mask(self) -> u8 {
        (self.cap >> 48 & 0x3F) as u8
    }

    /// What decides about reserved bits of second-level entries.
    #[must_use]
    pub const fn pte_rules(self) -> PteRules {
        PteRules {
            host_width: self.host_width,
            superpages: (self.cap >> 34 & 3) as u8,
            leaf_bits: PteRules::leaf_bits(self.extends_to(ECAP_SNOOP), self.extends_to(ECAP_DEVICE_IOTLB)),
        }
    }
}
