//! Xen's use of the remapping unit: which device is whose, and what its tables say.
//!
//! Not modelled: units of other makers.
