//! The boot option `iommu=` becomes settings, as Xen 3.3 and today's Xen read it, and settings become what an assignment
//! then comes to.
//!
//! | | 3.3 (August 2008) | today |
//! |---|---|---|
//! | no option | off | on |
//! | `iommu=1` | on; a PV domain's assignment is answered with ENOSYS | on |
//! | `pv`, `no-pv` | PV domains get tables, or do not (the default) | gone since 2010 |
//! | `force`, `required` | no boot without a unit | the same, nor without remapped interrupts unless `no-intremap` |
//! | dom0 | all of memory but Xen's own, one to one | the same, or `strict`, or no tables (`passthrough`) |
//! | a device taken from a guest | goes back to dom0 | is quarantined |
//!
//! *Not to be mistaken:* Linux's `iommu=pt` is about something else than Xen's `pv`.
//!
//! Sources: `xen/drivers/passthrough/iommu.c`, `parse_iommu_param`, of both; `xen/arch/x86/domctl.c`,
//! `XEN_DOMCTL_assign_device`, and xend's `XendDomainInfo.py` and `pciif.py` of 3.3; `docs/misc/xen-command-line.pandoc`.
//!
//! Not modelled: options that change nothing that is modelled, which are read and change nothing here ([`IGNORED`],
//! [`DOM0_IGNORED`]), and versions in between.

/// Words of today's `iommu=` that are known and change nothing that is modelled, each with or without `no-`: `verbose` and
/// `debug` print more, `sharept` walks the processor's own tables, `crash-disable` is about a kernel that takes over after a
/// crash, `snoop` about caches, and `igfx` about a graphics card's unit.
pub const IGNORED: [&str; 6] = ["verbose", "debug", "sharept", "crash-disable", "snoop", "igfx"];

/// The same of `dom0-iommu=`: memory that firmware reserved for nobody in particular (`map-inclusive`, `map-reserved`).
pub const DOM0_IGNORED: [&str; 2] = ["map-inclusive", "map-reserved"];

/// Which Xen reads the options and assigns devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// Xen 3.3, with xend.
    Xen33,
    /// Xen as it is now, with libxl.
    Today,
}

/// Whether there is to be a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// It is left alone.
    No,
    /// If there is one.
    Yes,
    /// No boot without one.
    Required,
}

/// What dom0's devices see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dom0Mode {
    /// All of memory but Xen's own, one to one, through tables.
    Relaxed,
    /// Dom0's own frames, one to one, through tables.
    Strict,
    /// All of memory, without tables.
    PassThrough,
}

/// What a device sees that was taken from a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quarantine {
    /// Dom0's memory: it goes straight back.
    No,
    /// Nothing: its requests are blocked.
    Basic,
    /// One page wherever it looks, for devices that stumble over blocked requests.
    ScratchPage,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Switch::On)
    }
}

/// What `iommu=` and `dom0-iommu=` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Which Xen.
    pub version: Version,
    /// Whether there is to be a unit.
    pub wanted: Wanted,
    /// Whether PV domains get tables; it can be off in 3.3 only.
    pub pv: Switch,
    /// What dom0's devices see.
    pub dom0: Dom0Mode,
    /// What a device sees that was taken from a guest.
    pub quarantine: Quarantine,
    /// Whether interrupts are remapped. Xen 3.3 makes the table where it can but lets messages of the old format pass it
    /// (`GCMD_CFI`), so for those, which are what a guest can forge, it counts as off.
    pub intremap: Switch,
    /// Whether they are posted.
    pub intpost: Switch,
    /// Whether large pages are mapped whole.
    pub superpages: Switch,
    /// Whether invalidations are queued.
    pub qinval: Switch,
}

impl Options {
    /// Without any option.
    #[must_use]
    pub const fn default_of(version: Version) -> Options {
        match version {
            Version::Xen33 => Options {
                version,
                wanted: Wanted::No,
                pv: Switch::Off,
                dom0: Dom0Mode::Relaxed,
                quarantine: Quarantine::No,
                intremap: Switch::Off,
                intpost: Switch::Off,
                superpages: Switch::Off,
                qinval: Switch::On,
            },
            Version::Today => Options {
                version,
                wanted: Wanted::Yes,
                pv: Switch::On,
                dom0: Dom0Mode::Relaxed,
                quarantine: Quarantine::Basic,
                intremap: Switch::On,
                intpost: Switch::Off,
                superpages: Switch::On,
                qinval: Switch::On,
            },
        }
    }

    /// What `iommu=TEXT` and `dom0-iommu=TEXT` say, of which either may be missing; and the first word that this version does
    /// not know, which changes nothing.
    #[must_use]
    pub fn parse<'a>(version: Version, iommu: Option<&'a str>, dom0: Option<&'a str>) -> (Options, Option<&'a str>) {
        let mut options = Options::default_of(version);
        let mut unknown = None;
        if iommu.is_some() && version == Version::Xen33 {
            options.wanted = Wanted::Yes;
        }
        for word in iommu.into_iter().flat_map(|text| text.split(',')) {
            if !options.read(word) {
                unknown = unknown.or(Some(word));
            }
        }
        for word in dom0.into_iter().flat_map(|text| text.split(',')) {
            match (version, word) {
                (Version::Today, "strict") => options.dom0 = Dom0Mode::Strict,
                (Version::Today, "no-strict" | "no-passthrough") => options.dom0 = Dom0Mode::Relaxed,
                (Version::Today, "passthrough") => options.dom0 = Dom0Mode::PassThrough,
                (Version::Today, _) if DOM0_IGNORED.contains(&word.strip_prefix("no-").unwrap_or(word)) => {}
                _ => unknown = unknown.or(Some(word)),
            }
        }
        (options, unknown)
    }

    fn read(&mut self, word: &str) -> bool {
        let (name, switch) = match word.strip_prefix("no-") {
            Some(name) => (name, Switch::Off),
            None => (word, Switch::On),
        };
        match (self.version, name) {
            (_, "off" | "no" | "false" | "0" | "disable") => self.wanted = Wanted::No,
            (_, "" | "1" | "on" | "yes" | "true" | "enable") => self.wanted = Wanted::Yes,
            (_, "force" | "required") => self.wanted = Wanted::Required,
            (Version::Xen33, "pv") => self.pv = switch,
            (Version::Xen33, _) => return false,
            (Version::Today, "quarantine") => {
                self.quarantine = if switch.is_on() { Quarantine::Basic } else { Quarantine::No };
            }
            (Version::Today, "quarantine=scratch-page") => self.quarantine = Quarantine::ScratchPage,
            (Version::Today, "intremap") => self.intremap = switch,
            (Version::Today, "intpost") => self.intpost = switch,
            (Version::Today, "superpages") => self.superpages = switch,
            (Version::Today, "qinval") => self.qinval = switch,
            (Version::Today, _) => return IGNORED.contains(&name),
        }
        true
    }

    /// What becomes of a domain that is to get a device, if the machine has a unit or not.
    #[must_use]
    pub const fn verdict(self, guest: GuestKind, unit: UnitPresence) -> Verdict {
        let works = match (self.wanted, unit) {
            (Wanted::Required, UnitPresence::Absent) => return Verdict::NoBoot,
            (Wanted::No, _) | (_, UnitPresence::Absent) => false,
            (Wanted::Yes | Wanted::Required, UnitPresence::Present) => true,
        };
        match (guest, works) {
            // xend asks beforehand, by XEN_DOMCTL_test_assign_device; libxl gets the error from the assignment.
            (GuestKind::Hvm, false) => Verdict::Refused(AssignError::NotImplemented),
            (GuestKind::Hvm, true) => Verdict::Runs(Reach::OwnPages),
            // Both toolstacks go on: xend, since it takes -1 for success, libxl on purpose.
            (GuestKind::Pv, false) => Verdict::RunsUnassigned(Reach::AllMemory),
            (GuestKind::Pv, true) => match self.pv {
                Switch::On => Verdict::Runs(Reach::OwnPages),
                Switch::Off => Verdict::RunsUnassigned(Reach::Dom0Tables),
            },
        }
    }
}

/// What kind of guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestKind {
    /// It knows its machine frames, and its driver writes them into descriptors.
    Pv,
    /// It knows guest frames only, and its driver writes those.
    Hvm,
}

/// Whether the machine has a remapping unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitPresence {
    /// It has.
    Present,
    /// It has not, or the firmware hides it.
    Absent,
}

/// What a device of a guest reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Every frame of the machine.
    AllMemory,
    /// What dom0's devices reach: every frame but Xen's own, neighbours' among them.
    Dom0Tables,
    /// The guest's own pages.
    OwnPages,
}

/// What becomes of a domain with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Xen does not boot.
    NoBoot,
    /// The toolstack does not start it, or takes the device away; with the hypercall's error.
    Refused(AssignError),
    /// It runs with the device, which reaches this.
    Runs(Reach),
    /// The hypercall says ENOSYS and nobody minds: it runs with the device, which is still dom0's for the unit.
    RunsUnassigned(Reach),
}

/// Why a device was not assigned (`xen/include/public/errno.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum AssignError {
    /// `-EPERM`: another device uses the same reserved memory, or a guest unmaps it.
    NotPermitted = -1,
    /// `-ESRCH`: there is no such domain.
    NoSuchDomain = -3,
    /// `-ENOMEM`: memory, or the unit's numbers for domains, are used up.
    NoMemory = -12,
    /// `-EBUSY`: it is another guest's.
    Busy = -16,
    /// `-ENODEV`: there is no such device.
    NoSuchDevice = -19,
    /// `-EINVAL`: what is to be unmapped is not mapped.
    Invalid = -22,
    /// `-ENOSYS`: there is no unit, or not for such a domain.
    NotImplemented = -38,
}

impl AssignError {
    /// The number that the toolstack sees.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }
}
