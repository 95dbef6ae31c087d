//! Sequential consistency: hand-written histories, and every order as the oracle.

use rehearsal_sim::check::model::{
    Keyed, Many, Queue, QueueOp, Register, RegisterOp, RegisterReply,
};
use rehearsal_sim::check::{Budget, Verdict, sequential_by};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::{Accepts, Outcome, Sequential};
use rehearsal_sim::time::SimTime;

use crate::draw::{Dice, Log, Shape, correct, spoil};
use crate::oracle::has_order;
use crate::random::{text, wanted};

/// Three registers as one object: what trying every order needs, for it knows of one state only.
struct Three;

impl Sequential for Three {
    type Operation = Keyed<RegisterOp>;
    type Reply = RegisterReply;
    type State = [Option<u64>; 3];
    fn initial() -> [Option<u64>; 3] {
        [None; 3]
    }
    fn apply(
        state: &[Option<u64>; 3],
        operation: &Keyed<RegisterOp>,
    ) -> ([Option<u64>; 3], RegisterReply) {
        let mut next = *state;
        let place = usize::try_from(operation.key).unwrap();
        let (after, reply) = Register::apply(&state[place], &operation.operation);
        next[place] = after;
        (next, reply)
    }
    fn is_read(operation: &Keyed<RegisterOp>) -> bool {
        Register::is_read(&operation.operation)
    }
}

/// A register that promises nothing.
struct Bare;

impl Sequential for Bare {
    type Operation = RegisterOp;
    type Reply = RegisterReply;
    type State = Option<u64>;
    fn initial() -> Option<u64> {
        None
    }
    fn apply(state: &Option<u64>, operation: &RegisterOp) -> (Option<u64>, RegisterReply) {
        Register::apply(state, operation)
    }
    fn accepts(_: &RegisterOp, _: &RegisterReply) -> Accepts<Option<u64>> {
        Accepts::Unknown
    }
}

fn key(operation: &Keyed<RegisterOp>) -> u64 {
    operation.key
}

/// Whether a call comes before another of its client.
fn is_before<O, R>(a: &Call<O, R>, b: &Call<O, R>) -> bool {
    a.client == b.client && a.id < b.id && matches!(a.outcome, Outcome::Ok(_))
}

fn verdict(log: &Log<Many<Register>>) -> Verdict {
    sequential_by::<Many<Register>>(log, key, Budget::default())
}

/// Who does what to which register, one operation after the other.
fn judge(lines: &[(u32, u64, RegisterOp, RegisterReply)]) -> Verdict {
    let mut log = Log::<Many<Register>>::default();
    for (at, (client, key, operation, reply)) in (0..).zip(lines) {
        log.calls.push(Call {
            id: CallId(at),
            client: *client,
            operation: Keyed { key: *key, operation: *operation },
            called: SimTime(at * 1000),
            ended: Some(SimTime(at * 1000 + 500)),
            outcome: Outcome::Ok(*reply),
        });
    }
    let found = verdict(&log);
    let truth = has_order::<Three>(&log, is_before);
    assert_eq!(found == Verdict::Pass, truth, "{found:?}");
    found
}

fn write(client: u32, key: u64, value: u64) -> (u32, u64, RegisterOp, RegisterReply) {
    (client, key, RegisterOp::Write(value), RegisterReply::Done)
}

fn read(
    client: u32,
    key: u64,
    value: impl Into<Option<u64>>,
) -> (u32, u64, RegisterOp, RegisterReply) {
    (client, key, RegisterOp::Read, RegisterReply::Value(value.into()))
}

#[test]
fn stale_reads_are_sequentially_consistent() {
    let stale = [write(1, 0, 5), read(2, 0, None), read(2, 0, 5)];
    assert_eq!(judge(&stale), Verdict::Pass);
}

/// Each register alone has an order, both together have none (store buffering, Lamport 1979).
#[test]
fn two_clients_that_both_miss_the_others_write_are_found() {
    let lines = [write(1, 0, 5), write(2, 1, 6), read(1, 1, None), read(2, 0, None)];
    let Verdict::Fail(explanation) = judge(&lines) else { panic!("it has no order") };
    assert_eq!(
        explanation.sentence,
        "no order keeps each client's own and explains every reply: client1's k0 write(5) -> ok \
         comes before client1's k1 read -> nothing (its client called it first); client1's k1 \
         read -> nothing comes before client2's k1 write(6) -> ok (it did not find the latter \
         yet); client2's k1 write(6) -> ok comes before client2's k0 read -> nothing (its client \
         called it first); client2's k0 read -> nothing comes before client1's k0 write(5) -> ok \
         (it did not find the latter yet)"
    );
    assert_eq!(explanation.bars.len(), 4);
    assert_eq!(explanation.bars.iter().filter(|bar| bar.is_blamed).count(), 1);
}

#[test]
fn what_goes_back_or_comes_from_nowhere_is_found() {
    let back = [write(1, 0, 5), write(1, 0, 6), read(2, 0, 6), read(2, 0, 5)];
    assert!(matches!(judge(&back), Verdict::Fail(_)));
    let Verdict::Fail(nowhere) = judge(&[write(1, 0, 5), read(2, 0, 9)]) else {
        panic!("nobody wrote 9")
    };
    assert!(nowhere.sentence.contains("nobody ever called what would lead to that"));
    let opposite = [
        write(1, 0, 5),
        write(2, 0, 6),
        read(3, 0, 5),
        read(3, 0, 6),
        read(4, 0, 6),
        read(4, 0, 5),
    ];
    assert!(matches!(judge(&opposite), Verdict::Fail(_)));
}

#[test]
fn a_search_that_ends_early_says_so() {
    let mut dice = Dice(5);
    let shape = Shape { clients: 5, count: 30, width: 9, doubt: 0, is_apart: true };
    let mut log = correct::<Bare>(&mut dice, &shape, |dice, serial, _| match dice.chance(50) {
        true => RegisterOp::Write(serial % 3),
        false => RegisterOp::Read,
    });
    spoil::<Bare>(&mut dice, &mut log, 9);
    let budget = Budget { configurations: 10 };
    let Verdict::Inconclusive(why) = sequential_by::<Bare>(&log, |_| 0, budget) else {
        panic!("it takes more than that")
    };
    assert!(why.starts_with("the budget of 10 configurations ended before an order of"), "{why}");
}

#[test]
fn small_histories_are_judged_like_every_order() {
    let count = wanted(30_000);
    let mut passed = 0;
    for seed in 0..count {
        let mut dice = Dice(seed);
        let (clients, keys) = (2 + dice.below(3), 1 + dice.below(3));
        let is_unique = dice.chance(60);
        let cas = dice.below(30);
        let (length, doubt) = (3 + dice.below(8), dice.below(2) * 15);
        // Where clients do not wait, linearizability can not tell.
        let is_apart = dice.chance(40);
        let shape = Shape { clients, count: length, width: 1 + dice.below(9), doubt, is_apart };
        let mut log = correct::<Three>(&mut dice, &shape, |dice, serial, _| {
            let value = |dice: &mut Dice| if is_unique { serial } else { dice.below(2) };
            let operation = match dice.chance(50) {
                true if dice.chance(cas) => RegisterOp::Cas {
                    from: Some(dice.below(serial)).filter(|from| *from > 0),
                    to: value(dice),
                },
                true => RegisterOp::Write(value(dice)),
                false => RegisterOp::Read,
            };
            Keyed { key: dice.below(keys), operation }
        });
        if seed % 5 != 0 {
            let changes = 2 + dice.below(7);
            exchange(&mut dice, &mut log, changes);
        }
        let truth = has_order::<Three>(&log, is_before);
        assert!(truth || !is_apart || seed % 5 != 0, "seed {seed}: {}", text::<Three>(&log));
        let found = verdict(&log);
        let is_right = match &found {
            Verdict::Pass => truth,
            Verdict::Fail(explanation) => !truth && !explanation.bars.is_empty(),
            Verdict::Inconclusive(_) => false,
        };
        assert!(is_right, "seed {seed}: {found:?} is not {truth}{}", text::<Three>(&log));
        passed += u64::from(truth);
    }
    println!("{passed} of {count} histories are sequentially consistent");
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
}

/// Exchanges replies of reads, whatever their register.
fn exchange(dice: &mut Dice, log: &mut Log<Three>, changes: u64) {
    let is_read = |call: &Call<Keyed<RegisterOp>, RegisterReply>| {
        call.operation.operation == RegisterOp::Read && matches!(call.outcome, Outcome::Ok(_))
    };
    for _ in 0..changes {
        let (one, other) = (dice.index(log.calls.len()), dice.index(log.calls.len()));
        if is_read(&log.calls[one]) && is_read(&log.calls[other]) {
            let outcome = log.calls[other].outcome.clone();
            log.calls[other].outcome = std::mem::replace(&mut log.calls[one].outcome, outcome);
        } else if is_read(&log.calls[one])
            && let RegisterOp::Write(value) = log.calls[other].operation.operation
        {
            log.calls[one].outcome = Outcome::Ok(RegisterReply::Value(Some(value)));
        }
    }
}

/// Without promises there is only the search; and queues have no reads at all.
#[test]
fn other_models_are_judged_like_every_order() {
    let count = wanted(10_000);
    let mut passed = [0, 0];
    for seed in 0..count {
        let mut dice = Dice(seed);
        let shape = Shape {
            clients: 2 + dice.below(3),
            count: 3 + dice.below(6),
            width: 1 + dice.below(9),
            doubt: dice.below(2) * 15,
            is_apart: dice.chance(40),
        };
        let mut queue = correct::<Queue>(&mut dice, &shape, |dice, serial, _| {
            if dice.chance(55) { QueueOp::Put(serial % 4) } else { QueueOp::Take }
        });
        let mut bare = correct::<Bare>(&mut dice, &shape, |dice, serial, _| {
            if dice.chance(50) { RegisterOp::Write(serial % 3) } else { RegisterOp::Read }
        });
        spoil::<Queue>(&mut dice, &mut queue, seed % 5 * 3);
        spoil::<Bare>(&mut dice, &mut bare, seed % 7 * 2);
        let budget = Budget::default();
        let judged = [
            (sequential_by::<Queue>(&queue, |_| 0, budget), has_order::<Queue>(&queue, is_before)),
            (sequential_by::<Bare>(&bare, |_| 0, budget), has_order::<Bare>(&bare, is_before)),
        ];
        for (passed, (found, truth)) in passed.iter_mut().zip(judged) {
            let is_right = match found {
                Verdict::Pass => truth,
                Verdict::Fail(_) => !truth,
                Verdict::Inconclusive(_) => false,
            };
            assert!(is_right, "seed {seed}: {}{}", text::<Queue>(&queue), text::<Bare>(&bare));
            *passed += u64::from(truth);
        }
    }
    println!("{passed:?} of {count} queues and registers are sequentially consistent");
    for passed in passed {
        assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count}");
    }
}
