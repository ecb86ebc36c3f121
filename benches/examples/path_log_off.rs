//! The run with the log off. Compiled for wasm32, its `main` is what Node times.

use benches::path::{Telling, transmit};

fn main() {
    std::hint::black_box(transmit(Telling::Off));
}
