//! Allocator and panic handler.
//!
//! Not modelled: threads: a page has one, and the allocator relies on it.

use core::arch::wasm32;
use core::panic::PanicInfo;

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

/// Every action of a reader builds a run of up to some megabytes anew: what is freed is used again, and the pages that a
/// growing vector needs are joined to those that it has.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// The page hears of a trap and shows the still figure. A message would need the formatting that is left out everywhere else.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
