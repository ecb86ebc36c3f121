//! genblog
fn main() {}
