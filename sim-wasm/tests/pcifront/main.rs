//! pcifront and pciback over their page: requests, answers in time and late, interrupts, reports of errors, scans.

mod pair;

mod requests;

mod interrupts;

mod reports;

mod scans;
