//! Porcupine's own histories, with the verdicts it publishes.

use rehearsal_sim::check::model::Register;
use rehearsal_sim::check::{Budget, Engine, Verdict, decided_by, linearizable_by};
use rehearsal_sim::service::Operation;

use crate::model::{Full, Op, Seq};
use crate::recorded::{GOOD, etcd, read, texts};

#[test]
fn the_etcd_histories_have_the_published_verdicts() {
    let mut sizes = Vec::new();
    for file in (0..103).filter(|file| *file != 95) {
        let history = etcd(&read(&format!("jepsen/etcd_{file:03}.log")));
        assert!(history.calls.len() > 60, "etcd_{file:03} has {} calls", history.calls.len());
        let calls: Vec<_> = history.calls.iter().collect();
        let is_good = GOOD.contains(&file);
        for engine in [Engine::Frontier, Engine::Sweep] {
            let found = decided_by::<Register>(engine, &calls, Budget::default());
            assert_eq!(found, Some(is_good), "etcd_{file:03} by {engine:?}");
        }
        match linearizable_by::<Register>(&history, |_| 0, Budget::default()) {
            Verdict::Pass => assert!(is_good, "etcd_{file:03}"),
            Verdict::Fail(explanation) => {
                assert!(!is_good, "etcd_{file:03}: {explanation:?}");
                sizes.push(explanation.bars.len());
                assert_eq!(explanation.bars.iter().filter(|bar| bar.is_blamed).count(), 1);
            }
            Verdict::Inconclusive(why) => panic!("etcd_{file:03}: {why}"),
        }
    }
    // What hangs together of a few hard ones is large; most fit on a few lines.
    sizes.sort_unstable();
    let large = sizes.iter().filter(|size| **size > 12).count();
    assert!(sizes[sizes.len() / 2] <= 6 && large <= 8, "operations that explain: {sizes:?}");
}

#[test]
fn the_key_value_histories_have_the_published_verdicts() {
    for clients in ["c01", "c10", "c50"] {
        for (kind, is_good) in [("ok", true), ("bad", false)] {
            let log = texts(&read(&format!("kv/{clients}-{kind}.txt")));
            let seq = linearizable_by::<Seq>(&log, Op::object, Budget::default());
            assert_eq!(seq == Verdict::Pass, is_good, "{clients}-{kind}: {seq:?}");
            let full = linearizable_by::<Full>(&log, Op::object, Budget::default());
            assert_eq!(full == Verdict::Pass, is_good, "{clients}-{kind}: {full:?}");
        }
    }
}
