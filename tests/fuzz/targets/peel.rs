//! Privacy over Waku: any frame is peeled, refused, or not ours.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_crypto::SecretKey;
use status_fuzz::carrier::World;
use status_privacy::Waku;

static WORLD: LazyLock<World<Waku<SecretKey>>> =
    LazyLock::new(|| World::new(Waku::new, |_, sealed, _| sealed.to_vec()));

fuzz_target!(|input: &[u8]| WORLD.run(input));
