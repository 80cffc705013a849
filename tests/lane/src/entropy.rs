//! The randomness of the whole process, from one seed: keys of hash maps, random numbers of libraries, keys of connections.
//!
//! This is the reason why the package stands alone: it puts a function in the place of one of the C library, which cannot be
//! said in safe Rust.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

static SOURCE: Mutex<Option<StdRng>> = Mutex::new(None);

/// Makes all randomness of this process follow from `seed`. Call it before anything else.
pub fn sow(seed: u64) {
    *SOURCE.lock().expect("nobody panics with it") = Some(StdRng::seed_from_u64(seed));
}

fn fill(bytes: &mut [u8]) {
    let mut source = SOURCE.lock().expect("nobody panics with it");
    source.get_or_insert_with(|| StdRng::seed_from_u64(0)).fill_bytes(bytes);
}

/// What the standard library and all others ask for random bytes.
///
/// # Safety
/// `buffer` has room for `len` bytes, as the function of the C library asks of whoever calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, len: usize, _flags: u32) -> isize {
    // SAFETY: the caller vouches for the buffer, see above.
    fill(unsafe { std::slice::from_raw_parts_mut(buffer, len) });
    isize::try_from(len).expect("no buffer is that long")
}
