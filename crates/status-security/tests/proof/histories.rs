//! Random histories. `STATUS_MODEL_SEED`, `STATUS_MODEL_CASES` and `STATUS_MODEL_ACTIONS` choose which ones, how many,
//! and how long they may be.

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::action::{Action, any_actions};
use crate::rules::{Rules, any_rules};
use crate::world::{Checked, World};

fn history(rules: &Rules, actions: &[Action]) -> Checked {
    let mut world = World::new(rules.clone())?;
    for action in actions {
        world.step(action)?;
    }
    world.live().into_iter().try_for_each(|device| world.check_references(device))?;
    world.heal()?;
    if rules.rests { world.rest() } else { Ok(()) }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// The history of a seed. A failure prints the seed and the shortest part of the history that still fails.
fn case(seed: u64, actions: usize) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let strategy = (any_rules(), any_actions(actions));
    let done =
        runner.run(&strategy, |(rules, actions)| history(&rules, &actions).map_err(TestCaseError::fail));
    if let Err(failure) = done {
        panic!("STATUS_MODEL_SEED={seed} STATUS_MODEL_CASES=1 STATUS_MODEL_ACTIONS={actions}: {failure}");
    }
}

#[test]
fn whatever_happens_the_layer_keeps_its_promises() {
    let (seed, cases) = (setting("STATUS_MODEL_SEED", 1), setting("STATUS_MODEL_CASES", 12));
    let actions = usize::try_from(setting("STATUS_MODEL_ACTIONS", 40)).unwrap();

    for seed in seed..seed + cases {
        case(seed, actions);
    }
}
