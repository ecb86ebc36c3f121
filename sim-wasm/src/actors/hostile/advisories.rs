//! The security advisories of Xen's project (`https://xenbits.xen.org/xsa/`) that are about network interfaces.
//!
//! Each names the drivers that it concerns here: those generations in which the fault was, or in which its repair shows.
//!
//! Not modelled: XSA-365, which is the same fault as XSA-362 in the block backend, and what the advisories say of other
//! operating systems' drivers.

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::log::trouble::Party;

/// One advisory, as far as it is about network interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// Its number.
    pub xsa: u16,
    /// The numbers of the faults in the public list.
    pub cves: &'static [&'static str],
    /// Who attacks.
    pub by: Party,
    /// What the attacker does, and what came of it.
    pub what: &'static str,
    /// What the driver is to do instead.
    pub right: &'static str,
    /// The generations of netback that it concerns.
    pub backs: &'static [Epoch],
    /// The generations of netfront that it concerns.
    pub fronts: &'static [FrontEpoch],
}

const ALL_BACKS: &[Epoch] = &[Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy];
const ZERO_COPY: &[Epoch] = &[Epoch::ZeroCopy];
const MAPPING: &[Epoch] = &[Epoch::Classic, Epoch::ZeroCopy];
const ALL_FRONTS: &[FrontEpoch] = &[FrontEpoch::Classic, FrontEpoch::Modern];
const MODERN: &[FrontEpoch] = &[FrontEpoch::Modern];

/// All of them, in the order of their numbers.
pub const ADVISORIES: [Advisory; 18] = [
    Advisory {
        xsa: 39,
        cves: &["CVE-2013-0216", "CVE-2013-0217"],
        by: Party::Frontend,
        what: "A guest fills its ring with garbage, and netback loops for long, leaks pages and loses its place.",
        right: "Check how far the producer is ahead, end the loop at exactly the last request, and shut the interface down.",
        backs: ALL_BACKS,
        fronts: &[],
    },
    Advisory {
        xsa: 90,
        cves: &["CVE-2014-2580"],
        by: Party::Frontend,
        what: "A guest sends a malformed packet, and netback takes the interface down where it must not sleep.",
        right: "Only mark the interface as disabled in the poll, and take the carrier off in a thread.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 155,
        cves: &["CVE-2015-8550"],
        by: Party::Frontend,
        what: "A guest changes a request after netback has checked it, and netback uses the unchecked value.",
        right: "Copy each request once, and check the copy that is used.",
        backs: ALL_BACKS,
        fronts: &[],
    },
    Advisory {
        xsa: 270,
        cves: &["CVE-2018-15471"],
        by: Party::Frontend,
        what: "A guest sets the mapping of its hashes beyond the table, and netback writes beyond its memory.",
        right: "Check offset and length together against the table's size.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 332,
        cves: &["CVE-2020-27673"],
        by: Party::Frontend,
        what: "A guest notifies without end, and dom0 does nothing but serve its events.",
        right: "Keep the channel masked until the work is done, and longer if there was none.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 361,
        cves: &["CVE-2021-26932"],
        by: Party::Frontend,
        what: "A guest names grants that cannot be mapped, and the status of one call of a batch is taken for all.",
        right: "Look at the status of each call of the batch.",
        backs: MAPPING,
        fronts: &[],
    },
    Advisory {
        xsa: 362,
        cves: &["CVE-2021-26931"],
        by: Party::Frontend,
        what: "A guest names grants that cannot be mapped, and netback takes the failure for a fault of its own and stops dom0.",
        right: "Answer the request with an error, and give back what else the packet holds.",
        backs: ALL_BACKS,
        fronts: &[],
    },
    Advisory {
        xsa: 367,
        cves: &["CVE-2021-28038"],
        by: Party::Frontend,
        what: "A guest names grants that cannot be mapped, and netback overlooks the failure and goes on.",
        right: "Look at every result, and refuse the packet.",
        backs: MAPPING,
        fronts: &[],
    },
    Advisory {
        xsa: 374,
        cves: &["CVE-2021-28691"],
        by: Party::Frontend,
        what: "A guest sends a malformed packet and closes the device, and netback stops a thread that is gone.",
        right: "Hold a reference to the thread until the interface is let go.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 391,
        cves: &["CVE-2021-28712"],
        by: Party::Backend,
        what: "A backend notifies without end, and the guest does nothing but serve its events.",
        right: "Keep the channel masked until the work is done, and longer if there was none.",
        backs: &[],
        fronts: MODERN,
    },
    Advisory {
        xsa: 392,
        cves: &["CVE-2021-28714", "CVE-2021-28715"],
        by: Party::Frontend,
        what: "A guest posts no buffers, or one where two are needed, and packets for it pile up in dom0 for ever.",
        right: "Drop what is beyond a number of bytes, and measure the stall by the buffers that the next packet needs.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 396,
        cves: &["CVE-2022-23037", "CVE-2022-23042"],
        by: Party::Backend,
        what: "A backend maps a page between the guest's look and the end of the grant, and the guest reuses a page that is mapped.",
        right: "Believe only the result of ending the grant, and give the device up if it is still in use.",
        backs: &[],
        fronts: ALL_FRONTS,
    },
    Advisory {
        xsa: 403,
        cves: &["CVE-2022-33740", "CVE-2022-33741"],
        by: Party::Backend,
        what: "A backend reads what else lies in the pages that are granted to it.",
        right: "Copy packets into zeroed pages before they are granted, if the backend is not trusted.",
        backs: &[],
        fronts: MODERN,
    },
    Advisory {
        xsa: 423,
        cves: &["CVE-2022-3643"],
        by: Party::Frontend,
        what: "A guest splits a packet's headers over several requests, and a card that wants them in one piece resets.",
        right: "Gather the first bytes of a packet in one piece, across requests.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 424,
        cves: &["CVE-2022-42328", "CVE-2022-42329"],
        by: Party::Frontend,
        what: "A guest has packets for it overflow netback's queue, and netback frees them where that waits for itself.",
        right: "Drop outside of the lock, with a call that is safe everywhere.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 432,
        cves: &["CVE-2023-34319"],
        by: Party::Frontend,
        what: "A guest sends a packet of many requests that are all within the headers, and netback counts below zero.",
        right: "Count requests that do not fit the packet's fragments by themselves.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 448,
        cves: &["CVE-2023-46838"],
        by: Party::Frontend,
        what: "A guest sends further requests without bytes, and netback builds a packet that nobody can copy.",
        right: "Answer a request without bytes at once, and make no fragment of it.",
        backs: ZERO_COPY,
        fronts: &[],
    },
    Advisory {
        xsa: 465,
        cves: &["CVE-2024-53240"],
        by: Party::Backend,
        what: "A backend removes a device that the guest has not set up again after it was resumed, and the guest looks at queues that do not exist.",
        right: "See whether there are queues before they are taken down.",
        backs: &[],
        fronts: MODERN,
    },
];

/// The advisory of that number.
#[must_use]
pub fn advisory(xsa: u16) -> Option<&'static Advisory> {
    ADVISORIES.iter().find(|advisory| advisory.xsa == xsa)
}
