//! A corpus of seeds: the real stack keeps every rule, and each rule notices who breaks it.

use std::sync::atomic::{AtomicU64, Ordering};

use status_sim::{Action, Lines, Manner, Plan, Report, Shape, Tally, real, run, shrink};

use crate::flaw::{self, Flaw};

/// Seeds whose shapes follow from themselves.
const DRAWN: u64 = 30;
/// Seeds of a calm network, in which devices of one user have to converge.
const CALM: u64 = 4;

/// Seeds of people who sync each in their own manner.
const MIXED: u64 = 4;
/// Seeds of people to whom old copies come back, which they write on.
const FORGETFUL: [u64; 2] = [3, 4];
/// Seeds of a month in which somebody leaves for good.
const MONTHS: u64 = 2;

/// The corpus: what each plan is, and the plan.
fn corpus() -> Vec<(String, Plan)> {
    let drawn = (1..=DRAWN).map(|seed| (format!("drawn {seed}"), Plan::new(seed, &Shape::drawn(seed))));
    let calm = (1..=CALM).map(|seed| (format!("calm {seed}"), Plan::new(seed, &Shape::calm())));
    let mixed = |seed| Shape { mixed: 70, groups: 1, pairs: 1, ..Shape::drawn(seed) };
    let mixed = (1..=MIXED).map(|seed| (format!("mixed {seed}"), Plan::new(seed, &mixed(seed))));
    let forgetful = |seed| Shape { put_back: 2, archives: 1, ..Shape::drawn(seed) };
    let forgetful =
        FORGETFUL.map(|seed| (format!("forgetful {seed}"), Plan::new(seed, &forgetful(seed)))).into_iter();
    calm.chain(forgetful).chain(drawn).chain(mixed).chain(months()).collect()
}

fn months() -> impl Iterator<Item = (String, Plan)> {
    (1..=MONTHS).map(|seed| (format!("month {seed}"), Plan::new(seed, &Shape::month())))
}

fn judged(plan: &Plan) -> Report {
    run(plan, &real, Lines::Drop, &mut |_| ())
}

fn with(flaw: Flaw, plan: &Plan) -> Report {
    run(plan, &move |us| flaw.make(us), Lines::Drop, &mut |_| ())
}

/// Does the same with all items, on two threads.
fn on_both_cores<T: Sync>(items: &[T], work: &(dyn Fn(&T) + Sync)) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    work(item);
                }
            });
        }
    });
}

#[test]
fn the_real_stack_keeps_every_rule_in_the_whole_corpus() {
    let plans = corpus();
    for manner in [Manner::Deployed, Manner::Offering, Manner::Eventual, Manner::Consistent] {
        let people = plans.iter().flat_map(|(_, plan)| &plan.people);
        assert!(people.filter(|person| person.manner == manner).count() > 1, "{manner:?}");
    }

    on_both_cores(&plans, &|(name, plan)| {
        let report = judged(plan);

        assert_eq!(report.broken, None, "{name}");
        let Tally { expected, delivered, given_up, forgotten, .. } = report.tally;
        assert_eq!(expected, delivered + given_up + forgotten, "{name}: nobody waits for anything");
        assert!(forgotten == 0 || plan_forgets(plan), "{name}: {report:?}");
        // Who never comes back, and what they wrote, is given up, and nobody else.
        assert_eq!(given_up > 0, name.starts_with("month"), "{name}: {report:?}");
    });
}

/// Whether somebody forgets in a plan what they have said.
fn plan_forgets(plan: &Plan) -> bool {
    plan.actions.iter().any(|(_, action)| matches!(action, Action::Restore(_) | Action::PutBack(..)))
}

#[test]
fn each_rule_notices_who_breaks_it() {
    let plans = corpus();

    on_both_cores(&flaw::ALL, &|&(flaw, rule)| {
        let broken = |plan: &Plan| with(flaw, &flaw.plan(plan.clone())).broken.map(|broken| broken.rule);

        let months: Vec<_> = months().collect();
        let plans = if flaw == Flaw::GivesUpSilently { &months } else { &plans };
        assert!(plans.iter().any(|(_, plan)| broken(plan) == Some(rule)), "{flaw:?} goes unnoticed");
    });
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_event() {
    let plan = Plan::new(11, &Shape::drawn(11));
    let traced = |plan: &Plan| run(plan, &real, Lines::Keep, &mut |_| ());

    let (one, two, other) = (traced(&plan), traced(&plan), judged(&Plan::new(12, &Shape::drawn(11))));

    assert_eq!(one, two);
    assert!(!one.lines.is_empty());
    assert_ne!(one.digest, other.digest);
}

#[test]
fn a_failing_plan_becomes_smaller_and_fails_still() {
    let flaw = Flaw::SwallowsBodies;
    let shape =
        Shape { nodes: 4, hours: 2, messages: 30, bursts: 0, groups: 0, archives: 0, ..Shape::default() };
    let plan = Plan::new(3, &Shape { crashes: 3, absences: 2, spam: 0, ..shape });
    let before = with(flaw, &plan).broken.map(|broken| broken.rule);

    let small = shrink(&plan, &mut |plan| with(flaw, plan).broken.map(|broken| broken.rule) == before);

    assert!(before.is_some());
    assert_eq!(with(flaw, &small).broken.map(|broken| broken.rule), before);
    assert!(small.present() <= 2, "{} people are left", small.present());
    assert!(small.actions.len() <= 8, "{:?} is left", small.actions);
}
