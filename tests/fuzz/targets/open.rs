//! Security: any parcel is opened or refused, whoever made it, and honest mail still opens.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use status_fuzz::mallory::Memory;
use status_fuzz::script::Script;
use status_fuzz::seat::Seat;
use status_fuzz::world::World;
use status_fuzz::{Plan, changed, plan, tree};
use status_layer::{Parcel, Rendezvous, Sealed, Secret};

static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// Most parcels that one input offers.
const MOST: usize = 3;

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let sum = input.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    let stage = |which: usize| &world.stages[which % world.stages.len()];
    let mut bob;
    match plan(input) {
        Some(Plan::Raw(bytes)) => {
            bob = Seat::new(world, stage(usize::from(input[0] / 3)));
            let meet = world.places[usize::from(sum) % world.places.len()].clone();
            let hint = world.hints[usize::from(sum) % world.hints.len()];
            bob.offer(Parcel { meet, sealed: Sealed::new(bytes.to_vec()), hint });
        }
        Some(Plan::Inside(script)) => {
            bob = Seat::new(world, stage(usize::from(input[0] / 3)));
            let (mut script, mut memory) = (Script::new(script), Memory::default());
            for _ in 0..MOST {
                act(world, &mut bob, &mut memory, &mut script);
                if script.is_over() {
                    break;
                }
            }
        }
        Some(Plan::Changed { which, how }) => {
            bob = Seat::new(world, stage(which));
            let (mut script, mut memory) = (Script::new(how), Memory::default());
            for _ in 0..MOST {
                match script.byte() {
                    0xff => act(world, &mut bob, &mut memory, &mut script),
                    how => deliver(world, &mut bob, how, &mut script),
                }
                if script.is_over() {
                    break;
                }
            }
        }
        None => return,
    }
    // Honest mail costs more time than most of the rest; of eight inputs one is enough.
    bob.end((sum % 8 == 0).then_some(usize::from(sum / 8)));
});

/// Mallory does something.
fn act(world: &World, bob: &mut Seat<'_>, memory: &mut Memory, script: &mut Script<'_>) {
    let act = world.mallory.act(memory, script);
    if !act.pause.is_zero() {
        bob.wait(act.pause);
    }
    let meet = match act.place.checked_sub(1) {
        None => Rendezvous::Shared(Secret::new([7; 32])),
        Some(place) => world.places[usize::from(place) % world.places.len()].clone(),
    };
    bob.offer(Parcel { meet, sealed: Sealed::new(act.message.encode()), hint: world.hints[0] });
}

/// Something that was sent to Bob comes, as it was or changed; perhaps again, or before its time.
fn deliver(world: &World, bob: &mut Seat<'_>, how: u8, script: &mut Script<'_>) {
    let genuine = script.one(&world.mail);
    // Bundles cost time: without them three inputs fit into the time of one.
    let parcel = if how & 0x0c == 0x0c { &genuine.parcel } else { &genuine.bare };
    let mut parcel = parcel.clone();
    for _ in 0..how & 3 {
        let donor = script.one(&world.mail);
        let bytes = tree::changed(parcel.sealed.as_bytes(), donor.parcel.sealed.as_bytes(), script);
        parcel.sealed = Sealed::new(bytes);
    }
    if how & 0x30 == 0x30 {
        let bytes = changed(parcel.sealed.as_bytes(), script.take(4));
        parcel.sealed = Sealed::new(bytes);
    }
    if how & 0x50 == 0x50 {
        parcel.meet = script.one(&world.places).clone();
    }
    if how & 0xa0 == 0xa0 {
        parcel.hint = *script.one(&world.hints);
    }
    if how & 0xc0 == 0xc0 {
        bob.wait(Duration::from_secs(u64::from(script.byte() % 48) * 3_600));
    }
    bob.offer(parcel);
}
