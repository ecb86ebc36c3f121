//! Xen's use of the remapping unit: boot options and hypercalls become tables, context entries and invalidations, which say
//! what each device reaches. [`iommus::Iommus`] is all that Xen keeps; the machine that has one is `machine::given_away`. The
//! figure of a card's requests takes [`table`], [`stores`] and [`reaction`] alone, and sets up its unit by itself.
//!
//! What a device that a guest drives reaches, by mode ([`options::Options::verdict`]):
//!
//! | | the driver writes | it reaches |
//! |---|---|---|
//! | PV, no unit | machine addresses | all of memory, Xen's too |
//! | PV in 3.3 with `iommu=1` but not `pv` | machine addresses | all but Xen's own: the device stays dom0's |
//! | PV with tables | machine addresses | its own writable pages, and granted ones |
//! | HVM, no unit | guest frames | the machine's frames of the same numbers: somebody else's |
//! | HVM with tables | guest frames | its own |
//! | dom0 | machine addresses | all but Xen's own, unless `strict` |
//!
//! A page goes in this order: its entry is cleared, the entry is made visible, units forget it and say that they have, and
//! only then may it be another's. What a guest could do in between is what [`repairs::Repairs`] are about.
//!
//! Dom0's one-to-one tables leave out what was Xen's own at boot. Tables made later lie in memory that they map, as in Xen.
//!
//! Not modelled: AMD's units but for their [tables of interrupts](amd_interrupts), Arm's, tables shared with EPT, preemption of
//! long operations, and how Xen was built: one without HVM left out quarantine's tables (XSA-450).

pub mod options;

pub mod repairs;

pub mod step;

pub mod stores;

pub mod table;

pub mod dids;

pub mod drhd;

pub mod iommus;

pub mod mapping;

pub mod context;

pub mod assignment;

pub mod filter;

pub mod intremap;

pub mod amd_interrupts;

pub mod host_errors;

pub mod reaction;
