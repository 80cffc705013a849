//! An allocator that gives nothing back: what is freed is kept as it was left, to be looked at.
#![expect(unsafe_code, reason = "an allocator cannot be written without it; this package is for tests alone")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

/// The allocator.
pub struct Keeping;

/// Stands before each block.
struct Head {
    next: *mut Head,
    len: usize,
}

/// Where the blocks begin that were freed.
static KEPT: AtomicPtr<Head> = AtomicPtr::new(ptr::null_mut());
static BYTES: AtomicU64 = AtomicU64::new(0);
static KEEPING: AtomicBool = AtomicBool::new(false);
/// What is looked for in each block at the moment in which it is freed, to show who frees it.
static TRACED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

/// Where it stops keeping, in bytes: a scenario is far below.
const MOST: u64 = 3 << 30;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Room for the head of a block, in bytes: a multiple of its alignment.
fn room(layout: Layout) -> usize {
    layout.align().max(size_of::<Head>())
}

fn whole(layout: Layout) -> Option<Layout> {
    let size = layout.size().checked_add(room(layout))?;
    Layout::from_size_align(size, layout.align().max(align_of::<Head>())).ok()
}

// Safety: every block is one of `System`, longer by its head, and is never given out again once it is kept.
unsafe impl GlobalAlloc for Keeping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(whole) = whole(layout) else { return ptr::null_mut() };
        // Safety: the layout is not of size zero, because of the head.
        let start = unsafe { System.alloc(whole) };
        if start.is_null() {
            return start;
        }
        // Safety: the block has room for the head before its content.
        unsafe { start.add(room(layout)) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // Nothing is ever given back: a block that was used before would come with what was left in it.
        if !KEEPING.load(Ordering::Relaxed) {
            return;
        }
        assert!(BYTES.load(Ordering::Relaxed) < MOST, "the scenario is too large to keep all of it");
        // Safety: the content is still there, and nobody else has it.
        trace(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // The head lies right before the content, whatever the alignment left before it.
        // Safety: `room` is at least the size of a head, and the content is aligned at least as well as `room` is.
        let head = unsafe { block.sub(size_of::<Head>()) }.cast::<Head>();
        let mut next = KEPT.load(Ordering::Acquire);
        loop {
            // Safety: nobody else has this block; it may be unaligned for a head if the content is.
            unsafe { head.write_unaligned(Head { next, len: layout.size() }) };
            match KEPT.compare_exchange_weak(next, head, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => next = now,
            }
        }
    }
}

/// Begins to keep what is freed.
pub fn keep() {
    KEEPING.store(true, Ordering::SeqCst);
}

/// Does not look at what is freed from now on. What was kept stays.
pub fn rest() {
    KEEPING.store(false, Ordering::SeqCst);
}

/// How much is kept, in bytes.
pub fn bytes() -> u64 {
    BYTES.load(Ordering::SeqCst)
}

/// Shows who frees a block with one of these in it.
pub fn trace_for(needles: Vec<Vec<u8>>) {
    drop(TRACED.set(needles));
}

/// Forgets what was kept so far.
pub fn forget() {
    KEPT.store(ptr::null_mut(), Ordering::SeqCst);
    BYTES.store(0, Ordering::SeqCst);
}

/// Calls `look` with each block that was freed, as it was left.
pub fn each_freed(mut look: impl FnMut(&[u8])) {
    let mut head = KEPT.load(Ordering::SeqCst);
    while !head.is_null() {
        // Safety: kept blocks are never given back or written to.
        let Head { next, len } = unsafe { head.read_unaligned() };
        // Safety: the content lies behind its head.
        look(unsafe { std::slice::from_raw_parts(head.cast::<u8>().add(size_of::<Head>()), len) });
        head = next;
    }
}

fn trace(block: &[u8]) {
    let Some(needles) = TRACED.get() else { return };
    // A thread that ends has no locals any more.
    if INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true) {
        return;
    }
    if needles.iter().any(|needle| block.windows(needle.len()).any(|window| window == needle.as_slice())) {
        eprintln!("freed with a secret in it, {} bytes:\n{}", block.len(), Backtrace::force_capture());
    }
    INSIDE.with(|inside| inside.set(false));
}
