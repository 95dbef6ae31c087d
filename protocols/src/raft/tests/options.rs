//! Raft's options: alone and together, on bad days and by hand.

use rehearsal_sim::plan::Plan;
use rehearsal_sim::record::Judgement;
use serde_json::{Value, json};

use super::{RAFT, bad_day, run, said};
use crate::testing::plan;

fn with(options: &Value, servers: u32) -> Plan {
    let mut plan = plan(&RAFT, &[servers, 4], bad_day());
    plan.config = (RAFT.configure)(options).unwrap();
    plan
}

/// Each option on its own, and all that go together. A transfer is asked for in the middle of the day.
#[test]
fn a_bad_day_breaks_nothing_whatever_the_options() {
    let all = json!({
        "pre_vote": true, "leader_stickiness": true, "check_quorum": true, "conflict_hints": true,
        "max_in_flight": 8, "max_batch": 2, "reads": "read-index",
        "plan": [{ "at": "5s", "transfer": "n2" }, { "at": "12s", "transfer": "n3" }],
    });
    let mut days = vec![all.clone()];
    for (key, value) in all.as_object().unwrap() {
        let mut alone = json!({});
        alone[key] = value.clone();
        days.push(alone);
    }
    let mut hits = std::collections::BTreeMap::new();
    for options in &days {
        for seed in 0..6 {
            let servers = if seed % 2 == 0 { 3 } else { 5 };
            let head = run(&with(options, servers), seed).head;
            assert_eq!(head.verdict, Judgement::Pass, "{options}, seed {seed}: {head:#?}");
            assert_eq!(head.operations.ok, head.operations.called, "{options}, seed {seed}");
            for (name, value) in &head.metrics {
                *hits.entry(name.to_string()).or_insert(0) += value;
            }
        }
    }
    for probe in [
        "pre_vote_refused",
        "vote_request_ignored",
        "leader_deserted",
        "read_by_round",
        "leadership_transferred",
    ] {
        assert!(hits[probe] > 0, "{probe} never happened: {hits:?}");
    }
}

/// A server that has the longest log, but stands in an older term than everybody else, must learn the
/// term from those who refuse it (etcd#8501).
#[test]
fn a_refused_pre_vote_tells_the_term() {
    let script = "
        boot
        advance 1s
        fire n1 Election
        settle
        call client1 put k1
        deliver client1->n1
        drop n1->*
        sync n1
        drop all
        crash n1
        advance 1s
        fire n2 Election
        deliver n2->n3
        deliver n3->n2
        sync n2
        deliver n2->n3
        sync n3
        deliver n3->n2
        drop all
        crash n2
        restart n1
        advance 1s
        fire n1 Election
        deliver n1->n3
        drop n1->n2";
    let again = "
        deliver n3->n1
        sync n1
        fire n1 Election
        drop n1->n2
        deliver n1->n3
        deliver n3->n1
        sync n1";
    let mut plan = plan(&RAFT, &[3, 1], Vec::new());
    let options = json!({ "pre_vote": true, "noop_at_term_start": false });
    plan.config = (RAFT.configure)(&options).unwrap();
    let lines = said(&plan, &format!("{script}\n{again}"));
    let stands =
        |lines: &[String]| lines.iter().any(|line| line.contains("n1 * candidate in epoch 3"));
    assert!(stands(&lines), "{lines:#?}");
    let bugs = (RAFT.bugs)();
    let ignored = bugs.iter().position(|bug| bug.slug == "old-pre-vote-ignored").unwrap();
    plan.bugs = vec![ignored];
    let lines = said(&plan, &format!("{script}\nin-flight"));
    assert_eq!(lines.last().unwrap(), "nothing is in flight", "{lines:#?}");
}

/// A follower that hears a leader votes for nobody, unless the leader sent the candidate.
#[test]
fn only_whom_the_leader_sends_is_voted_for() {
    let mut plan = plan(&RAFT, &[3, 1], Vec::new());
    let sticky = json!({ "leader_stickiness": true, "plan": [{ "transfer": "n2" }] });
    plan.config = (RAFT.configure)(&sticky).unwrap();
    let elect = "
        boot
        advance 1s
        fire n1 Election
        settle
        advance 100ms";
    let early = said(&plan, &format!("{elect}\nfire n3 Election\nin-flight"));
    assert_eq!(early.last().unwrap(), "nothing is in flight", "{early:#?}");
    let sent = said(&plan, &format!("{elect}\nfire client1 Plan\nsettle\nshow n2"));
    assert!(sent.iter().any(|line| line.contains("n2 * leader in epoch 2")), "{sent:#?}");
    // A candidate that nobody sent gets no answer, though its own clock says that it is time.
    let lonely = said(
        &plan,
        &format!(
            "{elect}\ncrash n3\nrestart n3\nadvance 140ms\nfire n1 Heartbeat\ndeliver n1->n2
        drop n1->n3\nadvance 20ms\nfire n3 Election\nsync n3\ndeliver n3->*\nin-flight"
        ),
    );
    assert!(lonely.iter().any(|line| line.contains("n3->n2 RequestVote#1 arrives")), "{lonely:#?}");
    assert!(!lonely.iter().any(|line| line.contains("VoteReply#1 sent: term=2")), "{lonely:#?}");
}

/// A leader that told somebody to stand does not trust its lease any more, and a read waits for a round.
#[test]
fn a_lease_ends_when_somebody_is_told_to_stand() {
    let mut plan = plan(&RAFT, &[3, 1], Vec::new());
    let options = json!({
        "reads": "lease", "leader_stickiness": true, "plan": [{ "transfer": "n2" }],
    });
    plan.config = (RAFT.configure)(&options).unwrap();
    let elect = "
        boot
        advance 1s
        fire n1 Election
        settle
        fire n1 Heartbeat
        settle";
    let read = "
        call client1 get k1
        deliver client1->n1
        in-flight";
    let leased = said(&plan, &format!("{elect}\n{read}"));
    assert!(leased.last().unwrap().contains("n1->client1 Response#1"), "{leased:#?}");
    let late = said(&plan, &format!("{elect}\nadvance 149ms\n{read}"));
    assert!(!late.last().unwrap().contains("Response"), "the lease is over: {late:#?}");
    // The transfer comes to nothing, and is given up after an election timeout.
    let transfer = "
        fire client1 Plan
        deliver client1->n1
        drop all
        advance 300ms
        fire n1 Heartbeat
        settle
        fire n1 Heartbeat
        settle";
    let after = said(&plan, &format!("{elect}\n{transfer}\n{read}"));
    assert!(!after.last().unwrap().contains("Response"), "{after:#?}");
}
