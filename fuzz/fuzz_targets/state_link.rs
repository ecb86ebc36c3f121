#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::engine::state_link::play(bytes));
