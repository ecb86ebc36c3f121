//! genblog
