//! Links the pure crates into a library that has no std, no allocator but its own, and no way to unwind.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;

use status_crypto as _;
use status_data_sync as _;
use status_identity as _;
use status_layer as _;
use status_payload as _;
use status_privacy as _;
use status_security as _;
use status_stack as _;

/// An allocator with nothing to give: the library is linked, never run.
struct Nothing;

// SAFETY: `alloc` always fails, which the contract allows, so there is never anything to free.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {}
}
