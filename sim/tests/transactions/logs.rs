//! Logs: one small history for each of Jepsen's names, and services that are right.

use rehearsal_sim::check::Verdict;
use rehearsal_sim::check::log::{Batch, LogHistory, LogOp, LogRules, LogStep, log};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::history::{Dice, wanted};

fn send(key: u64, value: u64, offset: u64) -> LogStep {
    LogStep::Send { key, value, offset: Some(offset) }
}

/// A poll of one key: values and offsets.
fn poll(key: u64, records: &[(u64, u64)]) -> LogStep {
    let records = records.iter().map(|&(value, offset)| (Some(offset), value)).collect();
    LogStep::Poll(vec![Batch { key, records }])
}

/// What is known of an operation before its end.
fn asked(op: &LogOp) -> LogOp {
    let LogOp::Steps(steps) = op else { return op.clone() };
    let ask = |step: &LogStep| match *step {
        LogStep::Send { key, value, .. } => LogStep::Send { key, value, offset: None },
        LogStep::Poll(_) => LogStep::Poll(Vec::new()),
    };
    LogOp::Steps(steps.iter().map(ask).collect())
}

fn add(log: &mut LogHistory, client: u32, op: LogOp, outcome: Option<Outcome<LogOp>>) {
    let at = log.calls.len() as u64 * 10;
    log.calls.push(Call {
        id: CallId(log.calls.len() as u64),
        client,
        operation: asked(&op),
        called: SimTime(at),
        ended: Some(SimTime(at + 5)),
        outcome: outcome.unwrap_or(Outcome::Ok(op)),
    });
}

/// Operations of clients, one after the other; all succeed.
fn in_a_row(ops: &[(u32, &[LogStep])]) -> LogHistory {
    let mut log = LogHistory::default();
    for (client, steps) in ops {
        add(&mut log, *client, LogOp::Steps(steps.to_vec()), None);
    }
    log
}

fn names(history: &LogHistory) -> Vec<String> {
    let problems = log(history, LogRules::of(history, true));
    for problem in &problems.list {
        println!("{}", problem.explanation.sentence);
    }
    assert_eq!(problems.gave_up, None);
    problems.names().into_iter().map(str::to_owned).collect()
}

fn passes(history: &LogHistory, rules: LogRules) -> bool {
    log(history, rules).verdict() == Verdict::Pass
}

#[test]
fn offsets_and_values_belong_together() {
    let good = in_a_row(&[(0, &[send(1, 7, 0)]), (1, &[poll(1, &[(7, 0)])])]);
    assert_eq!(names(&good), [""; 0]);
    let two = in_a_row(&[
        (0, &[send(1, 7, 0)]),
        (0, &[send(1, 8, 1)]),
        (1, &[poll(1, &[(7, 0), (8, 1)])]),
        (2, &[poll(1, &[(8, 0)])]),
    ]);
    assert_eq!(names(&two), ["inconsistent-offsets", "duplicate"]);
    let twice =
        in_a_row(&[(0, &[send(1, 7, 0)]), (1, &[poll(1, &[(7, 0)])]), (2, &[poll(1, &[(7, 1)])])]);
    assert_eq!(names(&twice), ["duplicate"]);
    assert_eq!(names(&in_a_row(&[(1, &[poll(1, &[(7, 0)])])])), ["garbage-read"]);
    let mut failed = good.clone();
    failed.calls[0].outcome = Outcome::Failed;
    assert_eq!(names(&failed), ["G1a"]);
    assert_eq!(
        names(&in_a_row(&[(0, &[send(1, 7, 0), poll(1, &[(7, 0)])])])),
        ["precommitted-read"]
    );
}

#[test]
fn what_was_acknowledged_is_polled() {
    let sends: [(u32, &[LogStep]); 2] = [(0, &[send(1, 7, 0)]), (0, &[send(1, 8, 1)])];
    let lost = in_a_row(&[sends[0], sends[1], (1, &[poll(1, &[(8, 1)])])]);
    assert_eq!(names(&lost), ["lost-write", "unseen"]);
    let behind = in_a_row(&[sends[0], sends[1], (1, &[poll(1, &[(7, 0)])])]);
    assert_eq!(names(&behind), ["unseen"]);
    // Nobody heard of the send again, and nobody saw it.
    let mut unknown = lost.clone();
    unknown.calls[0].outcome = Outcome::Unknown;
    assert_eq!(names(&unknown), [""; 0]);
}

#[test]
fn clients_go_forwards_without_gaps() {
    let sends: [(u32, &[LogStep]); 3] =
        [(0, &[send(1, 7, 0)]), (0, &[send(1, 8, 1)]), (0, &[send(1, 9, 3)])];
    let all: (u32, &[LogStep]) = (9, &[poll(1, &[(7, 0), (8, 1), (9, 3)])]);
    let polls = |one: &[LogStep], other: &[LogStep]| {
        in_a_row(&[sends[0], sends[1], sends[2], all, (1, one), (1, other)])
    };
    assert_eq!(names(&polls(&[poll(1, &[(7, 0)])], &[poll(1, &[(8, 1), (9, 3)])])), [""; 0]);
    let skip = polls(&[poll(1, &[(7, 0)])], &[poll(1, &[(9, 3)])]);
    assert_eq!(names(&skip), ["poll-skip"]);
    let again = polls(&[poll(1, &[(8, 1)])], &[poll(1, &[(8, 1)])]);
    assert_eq!(names(&again), ["nonmonotonic-poll"]);
    let inside = polls(&[poll(1, &[(7, 0), (9, 3)])], &[]);
    assert_eq!(names(&inside), ["int-poll-skip"]);
    let back = polls(&[poll(1, &[(8, 1), (7, 0)])], &[]);
    assert_eq!(names(&back), ["int-nonmonotonic-poll"]);
    // A new assignment forgets where its client was, of what it did not have before.
    let mut moved = skip.clone();
    let last = moved.calls.pop().unwrap();
    add(&mut moved, 1, LogOp::Assign(vec![2]), None);
    let LogOp::Steps(steps) = last.operation else { unreachable!() };
    assert_eq!(steps, [LogStep::Poll(Vec::new())]);
    add(&mut moved, 1, LogOp::Steps(vec![poll(1, &[(9, 3)])]), None);
    assert_eq!(names(&moved), [""; 0]);
    // Whoever subscribes may find itself elsewhere.
    let mut subscribed = skip.clone();
    assert!(!passes(&subscribed, LogRules::of(&subscribed, true)));
    add(&mut subscribed, 5, LogOp::Subscribe(vec![1]), None);
    assert!(passes(&subscribed, LogRules::of(&subscribed, true)));
}

#[test]
fn sends_go_forwards() {
    let all: (u32, &[LogStep]) = (9, &[poll(1, &[(7, 0), (8, 1), (9, 2)])]);
    let gap = in_a_row(&[(0, &[send(1, 7, 0), send(1, 9, 2)]), (1, &[send(1, 8, 1)]), all]);
    assert_eq!(names(&gap), ["int-send-skip"]);
    assert!(passes(&gap, LogRules::of(&gap, true)));
    let back = in_a_row(&[(0, &[send(1, 8, 1), send(1, 7, 0)]), (1, &[send(1, 9, 2)]), all]);
    assert_eq!(names(&back), ["int-nonmonotonic-send"]);
    let later =
        in_a_row(&[(0, &[send(1, 8, 1)]), (0, &[send(1, 7, 0)]), (1, &[send(1, 9, 2)]), all]);
    assert_eq!(names(&later), ["nonmonotonic-send"]);
}

#[test]
fn transactions_of_logs_do_not_run_in_circles() {
    let circle = in_a_row(&[
        (0, &[send(1, 7, 0), poll(2, &[(8, 0)])]),
        (1, &[send(2, 8, 0), poll(1, &[(7, 0)])]),
    ]);
    assert_eq!(names(&circle), ["G1c"]);
    let orders_writes = LogRules { orders_writes: true, ..LogRules::of(&circle, false) };
    assert!(!passes(&circle, LogRules::of(&circle, false)));
    assert!(passes(&circle, orders_writes));
    let woven = in_a_row(&[
        (0, &[send(1, 1, 0), send(2, 1, 1)]),
        (1, &[send(1, 2, 1), send(2, 2, 0)]),
        (2, &[poll(1, &[(1, 0), (2, 1)]), poll(2, &[(2, 0), (1, 1)])]),
    ]);
    let found = log(&woven, orders_writes);
    assert_eq!(found.names(), ["G0"]);
    assert_eq!(found.verdict(), Verdict::Pass);
    let future = in_a_row(&[(1, &[poll(1, &[(7, 0)])]), (0, &[send(1, 7, 0)])]);
    assert_eq!(names(&future), ["G1c-realtime"]);
}

/// A service that does everything at one instant, and a reader of everything at the end.
#[test]
fn services_that_are_right_pass() {
    for seed in 0..wanted(100_000) / 10 {
        let mut dice = Dice(seed);
        let mut logs: Vec<Vec<(u64, u64)>> = vec![Vec::new(); 3];
        let mut history = LogHistory::default();
        let mut places = [[0; 3]; 4];
        for value in 1..20 {
            let client = dice.below(4);
            let key = usize::try_from(dice.below(3)).unwrap();
            let place = &mut places[usize::try_from(client).unwrap()][key];
            let mut steps = Vec::new();
            let mut outcome = None;
            if dice.chance(50) {
                // Now and then an offset that nobody sees.
                let next = logs[key].last().map_or(0, |last| last.1 + 1) + dice.below(4) / 3;
                steps.push(send(key as u64, value, next));
                let fate = dice.below(10);
                if fate > 0 {
                    logs[key].push((value, next));
                }
                outcome = match fate {
                    0 => Some(Outcome::Failed),
                    1 => Some(Outcome::Unknown),
                    _ => None,
                };
            } else {
                let end = (*place + 3).min(logs[key].len());
                steps.push(poll(key as u64, &logs[key][*place..end]));
                *place = end;
            }
            add(&mut history, u32::try_from(client).unwrap(), LogOp::Steps(steps), outcome);
        }
        let all = (0..3).map(|key| poll(key as u64, &logs[key])).collect();
        add(&mut history, 9, LogOp::Steps(all), None);
        assert_eq!(names(&history), [""; 0], "seed {seed}: {history:#?}");
    }
}
