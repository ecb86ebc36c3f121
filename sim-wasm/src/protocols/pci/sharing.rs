//! What two functions share without being one to the IOMMU: an interrupt line, or a page of their BARs.
//!
//! ```text
//!   line     both raise it. A guest that does not end its interrupt keeps the other's from everybody
//!   4 KiB    the least that can be given. A guest that may touch its own registers touches the other's
//! ```
//!
//! Xen does not forbid to give such functions to different domains, nor does anything else keep them apart: it is documented as
//! unsupported (XSA-461). [`shared_between_owners`] tells what a toolstack would have to look at, with both owners.
//!
//! Sources: `SUPPORT.md`; XSA-461.
//!
//! Not modelled: lines that the chipset joins (two numbers, one input of the I/O APIC), a function that leaves its line alone
//! since it sends messages (the line is its all the same), and BARs of virtual functions, which lie in their physical one's
//! capability.

use alloc::vec::Vec;

use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::pci::bar::{BarKind, BarPlace, Region, regions};
use crate::protocols::pci::function::Function;
use crate::protocols::pci::owners::Owners;
use crate::protocols::pci::registers::{PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN};
use crate::words::ids::{Bdf, DomId};

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shared {
    /// An interrupt line, by the number that firmware noted.
    Line {
        /// The number.
        line: u8,
    },
    /// A page of memory, which lies in a BAR of each.
    Page {
        /// The page's number: its address over 4096.
        page: u64,
        /// The first function's BAR, then the second's.
        bars: [BarPlace; 2],
    },
}

/// Two functions that share something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sharing {
    /// What.
    pub what: Shared,
    /// The functions, in their order.
    pub functions: [Bdf; 2],
    /// Whose they are.
    pub owners: [Option<DomId>; 2],
}

/// Everything that two functions of different owners share, in the order of the functions. A page is told once for a pair of
/// BARs, though they may have more in common.
#[must_use]
pub fn shared_between_owners(functions: &[Function], owners: &Owners) -> Vec<Sharing> {
    let all = shared(functions).into_iter().map(|(what, functions)| {
        let owners = functions.map(|bdf| owners.of(bdf));
        Sharing { what, functions, owners }
    });
    all.filter(|sharing| sharing.owners[0] != sharing.owners[1]).collect()
}

/// Everything that two functions share, whosever they are.
fn shared(functions: &[Function]) -> Vec<(Shared, [Bdf; 2])> {
    let mut found = Vec::new();
    for (place, first) in functions.iter().enumerate() {
        for second in &functions[place + 1..] {
            let pair = [first.bdf, second.bdf];
            if let Some(line) = line_of(first).filter(|line| line_of(second) == Some(*line)) {
                found.push((Shared::Line { line }, pair));
            }
            for one in memory_of(first) {
                for other in memory_of(second) {
                    if let Some(page) = common_page(&one, &other) {
                        found.push((Shared::Page { page, bars: [one.place, other.place] }, pair));
                    }
                }
            }
        }
    }
    found
}

/// A function's line; nothing if it has no pin.
fn line_of(function: &Function) -> Option<u8> {
    let has_pin = function.config.read_u8(PCI_INTERRUPT_PIN) != 0;
    has_pin.then(|| function.config.read_u8(PCI_INTERRUPT_LINE))
}

/// A function's memory that toolstacks give away.
fn memory_of(function: &Function) -> impl Iterator<Item = Region> {
    let given = |region: &Region| !matches!(region.kind, BarKind::Io | BarKind::Rom) && region.base != 0;
    regions(&function.config).filter(given)
}

/// The first page that two stretches of memory both touch.
fn common_page(one: &Region, other: &Region) -> Option<u64> {
    let pages = |region: &Region| {
        let size = PAGE_SIZE as u64;
        (region.base / size, (region.base + (region.size - 1)) / size)
    };
    let ((first, last), (other_first, other_last)) = (pages(one), pages(other));
    (first <= other_last && other_first <= last).then(|| first.max(other_first))
}
