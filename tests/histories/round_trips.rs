//! What is written is read again, and means the same.

use rehearsal::formats::judge::{Question, judge};
use rehearsal::formats::{self, Written};
use rehearsal::prelude::*;
use rehearsal::protocols::catalog::CATALOG;
use rehearsal::protocols::parts::kv::{
    KeyValueModel, KeyValueService, Operation as Kv, Reply, Value,
};
use rehearsal::sim::check::{Budget, Verdict, linearizable};
use rehearsal::sim::history::{History, ToldHistory};

use super::{Dice, samples};

/// How many random histories are written and read.
const TRIALS: usize = 4_000;

/// A word for a verdict, whatever explains it.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail(_) => "fail",
        Verdict::Inconclusive(_) => "inconclusive",
    }
}

/// The verdict on a text, by the model that it says it is of.
fn verdict(text: &str) -> &'static str {
    let recorded = formats::read(text, None).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let finding = judge(text, &recorded, &Question::default());
    word(&finding.unwrap_or_else(|error| panic!("{error}:\n{text}")).verdict)
}

/// Every way to write a history.
fn texts(written: &Written) -> [String; 3] {
    [written.edn(), written.json(), written.json_lines()]
}

/// A random history of two keys: clients call and hear, a store answers, and now and then a reply is
/// not the store's.
fn random(dice: &mut Dice) -> History<Kv, Reply> {
    let mut history = History::default();
    let mut open: Vec<(rehearsal::sim::history::CallId, Kv)> = Vec::new();
    let mut values = [Value::default(), Value::default()];
    let wrong = [0, 6][dice.below(2)];
    let mut now = 0;
    for number in 0..(4 + dice.below(20)) as u64 {
        now += dice.below(3) as u64;
        if open.len() < 4 && dice.below(2) == 0 {
            let key = dice.below(2) as u64;
            let token = number + 1;
            let expected =
                [None, Some(token.saturating_sub(1 + dice.below(3) as u64))][dice.below(2)];
            let kv = match dice.below(4) {
                0 => Kv::Put { key, token },
                1 => Kv::Cas { key, expected: expected.filter(|token| *token > 0), token },
                2 => Kv::Append { key, token },
                _ => Kv::Get { key },
            };
            open.push((history.call([0, 1, 2][dice.below(3)], kv, SimTime(now)), kv));
        } else if !open.is_empty() {
            let (id, kv) = open.swap_remove(dice.below(open.len()));
            let value = &mut values[usize::from(kv.object() == 1)];
            let (next, mut reply) = KeyValueModel::apply(value, &kv);
            let outcome = match dice.below(12) {
                0 => continue,
                1 => Outcome::Unknown,
                2 => Outcome::Failed,
                fate => {
                    if fate < wrong && matches!(reply, Reply::Value(_)) {
                        reply = Reply::Value(Value::of(&[1 + dice.below(8) as u64]));
                    }
                    Outcome::Ok(reply)
                }
            };
            if outcome != Outcome::Failed {
                *value = next;
            }
            history.end(id, outcome, SimTime(now));
        }
    }
    history
}

#[test]
fn histories_keep_their_verdict_in_every_format() {
    let mut dice = Dice(11);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..TRIALS {
        let history = random(&mut dice);
        let ours = word(&linearizable::<KeyValueService>(&history, Budget::default()));
        let written = Written::of_run(&ToldHistory::of::<KeyValueService>(&history));
        for text in texts(&written) {
            assert_eq!(verdict(&text), ours, "{history:?} as\n{text}");
        }
        *seen.entry(ours).or_insert(0) += 1;
    }
    assert!(seen["pass"] > TRIALS / 10 && seen["fail"] > TRIALS / 10, "{seen:?}");
}

#[test]
fn samples_keep_their_verdict_when_they_are_written_again() {
    let mut count = 0;
    for (name, text) in samples() {
        let Ok(first) = formats::read(&text, None) else { continue };
        let Ok(found) = judge(&text, &first, &Question::default()) else { continue };
        for again in texts(&Written::of(&first)) {
            assert_eq!(verdict(&again), word(&found.verdict), "{name} as\n{again}");
            let second = formats::read(&again, None).unwrap();
            let once_more = Written::of(&second);
            assert_eq!(verdict(&once_more.edn()), word(&found.verdict), "{name}, twice");
        }
        count += 1;
    }
    assert!(count >= 20, "{count} samples were written again");
}

#[test]
fn the_history_of_a_run_is_judged_as_the_run_was() {
    let scenario = "
        title = \"Raft: what clients saw\"
        protocol = \"raft\"
        duration = \"4s\"
        [cluster]
        servers = 3
        clients = 3
        [network]
        loss = 0.02
        [workload]
        rate = \"100/s\"
        start = \"1s\"
        keys = { uniform = { count = 3 } }
        mix = { get = 0.4, put = 0.3, cas = 0.2, append = 0.1 }
        [[fault]]
        at = \"2s\"
        crash = \"leader\"
        restart_after = \"500ms\"
        [[expect]]
        linearizable = true
    ";
    let loaded = load_text(scenario.as_bytes(), &Request::of("run.toml"), CATALOG);
    let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
    let watch = Watch { keeps_history: true, ..Watch::QUIET };
    let record = (loaded.entry.run)(&loaded.plan, 3, &watch);
    let plain = (loaded.entry.run)(&loaded.plan, 3, &Watch::QUIET);
    assert_eq!(record.head, plain.head, "telling changes nothing");
    assert_eq!(record.head.verdict, Judgement::Pass);
    let told = record.told.expect("it was asked for");
    assert!(told.calls.len() > 200, "{}", told.calls.len());
    for text in texts(&Written::of_run(&told)) {
        assert_eq!(verdict(&text), "pass");
        // One read that found what was never written.
        let found = text.find("\"ok\"").or_else(|| text.find(":ok")).expect("something succeeded");
        assert!(found > 0);
    }
}
