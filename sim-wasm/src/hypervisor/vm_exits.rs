//! Why an HVM guest was interrupted, and how often: VM exits by their basic reason (`EXIT_REASON_*` in
//! `xen/arch/x86/include/asm/hvm/vmx/vmx.h`, the numbers those of Intel's manual, volume 3, appendix C).
//!
//! Not modelled: AMD's exit codes, the exit's qualification beyond what the access itself says, nested guests, and the time
//! that an exit takes.

/// A basic reason of a VM exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitReason {
    /// A page fault, in a guest on shadow page tables: how memory-mapped registers are caught without nested paging.
    ExceptionNmi = 0,
    /// A physical interrupt arrived while the guest ran.
    ExternalInterrupt = 1,
    /// The guest can take an interrupt now that waits for it.
    PendingInterrupt = 7,
    /// The guest waits for an interrupt.
    Hlt = 12,
    /// A hypercall.
    Vmcall = 18,
    /// `IN` or `OUT`.
    IoInstruction = 30,
    /// The local APIC's page, its end-of-interrupt register above all.
    ApicAccess = 44,
    /// A guest-physical address that nothing is mapped at, in a guest on nested page tables.
    EptViolation = 48,
}

impl ExitReason {
    /// All that are counted, by their number.
    pub const ALL: [ExitReason; 8] = [
        ExitReason::ExceptionNmi,
        ExitReason::ExternalInterrupt,
        ExitReason::PendingInterrupt,
        ExitReason::Hlt,
        ExitReason::Vmcall,
        ExitReason::IoInstruction,
        ExitReason::ApicAccess,
        ExitReason::EptViolation,
    ];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What it is called in narration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ExitReason::ExceptionNmi => "page fault",
            ExitReason::ExternalInterrupt => "external interrupt",
            ExitReason::PendingInterrupt => "interrupt window",
            ExitReason::Hlt => "HLT",
            ExitReason::Vmcall => "VMCALL",
            ExitReason::IoInstruction => "I/O instruction",
            ExitReason::ApicAccess => "APIC access",
            ExitReason::EptViolation => "EPT violation",
        }
    }

    const fn place(self) -> usize {
        match self {
            ExitReason::ExceptionNmi => 0,
            ExitReason::ExternalInterrupt => 1,
            ExitReason::PendingInterrupt => 2,
            ExitReason::Hlt => 3,
            ExitReason::Vmcall => 4,
            ExitReason::IoInstruction => 5,
            ExitReason::ApicAccess => 6,
            ExitReason::EptViolation => 7,
        }
    }
}

/// How often a guest was interrupted, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exits([u64; ExitReason::ALL.len()]);

impl Exits {
    /// It was once more.
    pub const fn count(&mut self, reason: ExitReason) {
        self.0[reason.place()] += 1;
    }

    /// How often it was for one reason.
    #[must_use]
    pub const fn of(&self, reason: ExitReason) -> u64 {
        self.0[reason.place()]
    }

    /// How often it was for any.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What came on top of an earlier count.
    ///
    /// # Panics
    /// If the other is not an earlier one of the same guest.
    #[must_use]
    pub fn since(&self, earlier: &Exits) -> Exits {
        let mut rest = *self;
        for (number, before) in rest.0.iter_mut().zip(earlier.0) {
            *number = number.checked_sub(before).expect("counts only grow");
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::{ExitReason, Exits};

    #[test]
    fn each_reason_is_counted_for_itself() {
        let mut exits = Exits::default();
        for (times, reason) in ExitReason::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| exits.count(reason));
        }
        assert_eq!(ExitReason::ALL.map(|reason| exits.of(reason)), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((exits.total(), exits.since(&exits).total()), (28, 0));
        assert!(ExitReason::ALL.is_sorted_by_key(|reason| reason.number()));
    }
}
