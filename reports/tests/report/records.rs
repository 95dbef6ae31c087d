//! Synthetic records that look like those of real runs: a Raft cluster of five whose leader crashes
//! and comes back, and a run that breaks. Everything is made from integers and a tiny generator.

use rehearsal_reports::Reproduce;
use rehearsal_sim::check::Explanation;
use rehearsal_sim::metrics::Histogram;
use rehearsal_sim::record::{
    CurvePoint, DropCounts, FaultBand, Head, Health, Judgement, Latency, Measured, MessageCounts,
    NodeInfo, OperationCounts, Record, RowKind, Series, StandingChange, Trace, TraceRow, Violation,
    ViolationKind,
};

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MS;

/// A small generator of numbers that look random; the same ones every time.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    /// A number in `0..below`.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }
}

pub(crate) fn reproduce(record: &Record) -> Reproduce {
    let run = format!("rehearsal run {} --seed {}", record.head.scenario, record.head.seed);
    let replay = run.replace(" run ", " replay ");
    Reproduce { run, minimal: None, replay: Some(replay) }
}

fn nodes(servers: usize, clients: usize) -> Vec<NodeInfo> {
    let server = |i| NodeInfo { name: format!("n{i}"), role: "server".to_owned() };
    let client = |i| NodeInfo { name: format!("client{i}"), role: "client".to_owned() };
    (1..=servers).map(server).chain((1..=clients).map(client)).collect()
}

pub(crate) fn fault(kind: &str, label: &str, from_ms: u64, to_ms: Option<u64>) -> FaultBand {
    FaultBand {
        kind: kind.to_owned(),
        label: label.to_owned(),
        from_ns: from_ms * MS,
        to_ns: to_ms.map(|ms| ms * MS),
        nodes: vec![label.to_owned()],
    }
}

fn standing(at_ms: u64, node: u32, health: Health, rank: &str, epoch: u64) -> StandingChange {
    StandingChange { at_ns: at_ms * MS, node, health, rank: rank.to_owned(), epoch }
}

fn measured(expect: &str, measured: &str, holds: Option<bool>) -> Measured {
    Measured { expect: expect.to_owned(), measured: measured.to_owned(), holds }
}

/// A record of nothing: no operations, no faults, no ranks.
pub(crate) fn empty() -> Record {
    Record {
        head: Head {
            scenario: "idle/nothing".to_owned(),
            title: "Nothing happens".to_owned(),
            protocol: "idle".to_owned(),
            seed: 1,
            version: "0.1.0".to_owned(),
            verdict: Judgement::Pass,
            violations: Vec::new(),
            expectations: Vec::new(),
            legally_stuck: None,
            digest: "0123456789abcdef".to_owned(),
            events: 0,
            virtual_ns: 20 * SECOND,
            messages: MessageCounts::default(),
            operations: OperationCounts::default(),
            latency_ns: Latency::default(),
            throughput_per_s: 0.0,
            metrics: Default::default(),
        },
        duration_ns: 20 * SECOND,
        nodes: nodes(3, 1).into(),
        faults: Vec::new(),
        series: Series { bucket_ns: 250 * MS, ..Series::default() },
        latency_curve: Vec::new(),
        strikes: Vec::new(),
        latencies: Histogram::default(),
        standings: Vec::new(),
        trace: Trace::default(),
    }
}

/// Twenty seconds of Raft at 500 operations per second; the leader is down from 5 s to 8 s.
pub(crate) fn leader_crash() -> Record {
    let mut record = empty();
    record.nodes = nodes(5, 2).into();
    record.faults = vec![fault("crash", "n2", 5_000, Some(8_000))];
    record.standings = election_standings();
    record.series = series(20 * SECOND, 250 * MS, 500, &[(5_000, 5_300)]);
    record.latency_curve = curve(9_966, 3 * MS / 2);
    fill_head(&mut record);
    record
}

fn fill_head(record: &mut Record) {
    let head = &mut record.head;
    head.scenario = "raft/leader-crash".to_owned();
    head.title = "Raft: the leader crashes and comes back".to_owned();
    head.protocol = "raft".to_owned();
    head.seed = 7;
    head.digest = "9f3b1c77a2e40d58".to_owned();
    head.events = 412_877;
    head.messages = MessageCounts {
        sent: 121_904,
        delivered: 120_377,
        duplicated: 0,
        in_flight: 6,
        dropped: DropCounts { loss: 118, down: 1_403, ..DropCounts::default() },
    };
    head.operations = OperationCounts { called: 10_000, ok: 9_966, failed: 21, unknown: 13 };
    head.latency_ns = Latency {
        count: 9_966,
        mean: 5_820_000,
        p50: 3_210_000,
        p90: 7_450_000,
        p99: 41_800_000,
        p999: 311_000_000,
        max: 346_512_008,
    };
    head.throughput_per_s = 498.3;
    head.expectations = vec![
        measured("linearizable = true", "linearizable (100 keys)", Some(true)),
        measured("unavailable_at_most = \"1s\"", "312.4ms", Some(true)),
        measured("leaders_at_most = 1", "1", Some(true)),
    ];
    let metrics = [
        ("appends", 48_211),
        ("crashes", 1),
        ("elections", 2),
        ("messages_lost", 118),
        ("restarts", 1),
        ("snapshots", 0),
        ("time_to_elect_max_ns", 231_400_000),
        ("unavailable_ns", 312_400_000),
        ("votes", 11),
    ];
    head.metrics = metrics.into_iter().map(|(name, n)| (name.into(), n)).collect();
}

/// n2 leads epoch 1, crashes at 5 s; n4 tries, n5 wins epoch 3; n2 comes back as a follower.
fn election_standings() -> Vec<StandingChange> {
    let up = Health::Up;
    let mut all: Vec<_> = (0..5).map(|n| standing(0, n, up, "follower", 0)).collect();
    all.extend([
        standing(182, 1, up, "candidate", 1),
        standing(186, 1, up, "leader", 1),
        standing(184, 0, up, "follower", 1),
        standing(184, 2, up, "follower", 1),
        standing(184, 3, up, "follower", 1),
        standing(185, 4, up, "follower", 1),
        standing(5_000, 1, Health::Down, "", 0),
        standing(5_160, 3, up, "candidate", 2),
        standing(5_164, 0, up, "follower", 2),
        standing(5_228, 4, up, "candidate", 3),
        standing(5_231, 0, up, "follower", 3),
        standing(5_231, 2, up, "follower", 3),
        standing(5_232, 3, up, "follower", 3),
        standing(5_234, 4, up, "leader", 3),
        standing(8_000, 1, up, "follower", 1),
        standing(8_031, 1, up, "follower", 3),
    ]);
    all
}

/// Operations at a steady rate with gaps (in milliseconds) in which nothing succeeds; what waited
/// is answered, late, right after the gap.
pub(crate) fn series(end: u64, bucket_ns: u64, rate: u64, gaps: &[(u64, u64)]) -> Series {
    let mut noise = Noise(42);
    let mut series = Series { bucket_ns, ..Series::default() };
    let mut waiting = 0;
    let mut from = 0;
    while from < end {
        let to = (from + bucket_ns).min(end);
        let per_bucket = rate * (to - from) / SECOND;
        let called = (per_bucket * 9 / 10) + noise.below(per_bucket / 5 + 1);
        let blocked: u64 =
            gaps.iter().map(|(a, b)| to.min(b * MS).saturating_sub(from.max(a * MS))).sum();
        let free = (to - from) - blocked;
        let answered = called * free / (to - from) + if free > 0 { waiting } else { 0 };
        waiting = (waiting + called).saturating_sub(answered);
        let late = blocked > 0 || answered > called;
        series.called.push(called);
        series.failed.push(if late && free > 0 { noise.below(8) } else { 0 });
        series.ok.push(answered);
        let p50 = (answered > 0).then(|| 3 * MS + noise.below(500_000));
        series.p50_ns.push(p50);
        series.p99_ns.push(p50.map(|p| if late { 290 * MS } else { p * 3 + noise.below(4 * MS) }));
        series.max_ns.push(p50.map(|p| if late { 346 * MS } else { p * 5 + noise.below(9 * MS) }));
        from = to;
    }
    series
}

/// A heavy tail over `samples` samples.
pub(crate) fn curve(samples: u64, median: u64) -> Vec<CurvePoint> {
    let mut points = Vec::new();
    let mut decade = 1;
    while decade <= samples {
        for digit in [1, 2, 3, 5, 7] {
            let one_in = decade * digit;
            let beyond = samples / one_in;
            if one_in < 2 || beyond == 0 {
                continue;
            }
            let root = one_in.isqrt();
            points.push(CurvePoint {
                one_in,
                latency_ns: median * (2 + 2 * root + root * root / 40),
                beyond,
            });
        }
        decade *= 10;
    }
    points
}

/// Two leaders in one epoch: the run stops at the violation.
pub(crate) fn two_leaders() -> Record {
    let mut record = leader_crash();
    let at_ns = 5_234 * MS + 118_456;
    let head = &mut record.head;
    head.verdict = Judgement::Fail;
    head.virtual_ns = at_ns;
    head.title = "Raft: the leader crashes and comes back, votes are not persisted".to_owned();
    head.operations = OperationCounts { called: 2_617, ok: 2_496, failed: 0, unknown: 121 };
    head.violations = vec![Violation {
        property: "election-safety".to_owned(),
        kind: ViolationKind::Safety,
        at_ns,
        nodes: vec!["n4".to_owned(), "n5".to_owned()],
        message: "n5 became leader of epoch 3, and n4 already leads epoch 3".to_owned(),
        citation: "Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm, §5.2"
            .to_owned(),
        explanation: Some(Explanation {
            sentence:
                "get(k17) = 4 by client1 can not be placed: 5 was acknowledged before it began"
                    .to_owned(),
            at_ns,
            details: vec![
                "client2  put(k17, 5) -> ok        5.101s .. 5.109s".to_owned(),
                "client1  get(k17)    -> 4         5.112s .. 5.118s".to_owned(),
            ],
            ..Explanation::default()
        }),
    }];
    head.expectations[0] = measured("linearizable = true", "not judged: the run ended early", None);
    head.expectations[2] = measured("leaders_at_most = 1", "2", Some(false));
    record.series = series(at_ns, 250 * MS, 500, &[(5_000, 5_300)]);
    record.standings.retain(|change| change.at_ns <= at_ns);
    record.standings.push(standing(5_231, 3, Health::Up, "leader", 3));
    record.faults[0].to_ns = None;
    record.trace = trace(at_ns);
    record
}

/// A history that has no order: the same sentence is the violation, its explanation and what the
/// expectation measured.
pub(crate) fn not_linearizable() -> Record {
    let mut record = two_leaders();
    let sentence = "get(k17) by client1 returned 4 from 5.112004s to 5.118120s, but put(k17, 5) by \
                    client2 was acknowledged at 5.109077s, before the get began, and no later \
                    put(k17, 4) was called";
    let head = &mut record.head;
    let violation = &mut head.violations[0];
    violation.property = "linearizable".to_owned();
    violation.nodes.clear();
    violation.message = sentence.to_owned();
    violation.citation = "Herlihy and Wing 1990, section 2".to_owned();
    if let Some(explanation) = &mut violation.explanation {
        explanation.sentence = sentence.to_owned();
    }
    head.expectations = vec![
        measured("linearizable = true", sentence, Some(false)),
        measured("unavailable_at_most = \"1s\" during 8s..20s", "312.4ms", Some(true)),
        measured("holds = \"election-safety\"", &sentence.replace("k17", "k18"), None),
    ];
    record
}

/// Changes the rows of a record's trace.
pub(crate) fn change_rows(record: &mut Record, change: impl FnOnce(&mut Vec<TraceRow>)) {
    let mut rows = record.trace.to_rows();
    change(&mut rows);
    let Trace { omitted, window, .. } = std::mem::take(&mut record.trace);
    record.trace = rows.into_iter().collect();
    (record.trace.omitted, record.trace.window) = (omitted, window);
}

fn trace(at_ns: u64) -> Trace {
    let row = |before_us: u64, kind, node: Option<u32>, peer, address: &str, text: &str| TraceRow {
        id: 0,
        at_ns: at_ns - before_us * 1_000,
        kind,
        node,
        peer,
        address: address.to_owned(),
        text: text.to_owned(),
        cause: None,
        changes: Vec::new(),
    };
    let rows = vec![
        row(90_001, RowKind::Note, Some(0), None, "", "this row is too old to be shown"),
        row(74_200, RowKind::Fault, Some(1), None, "", "crash n2"),
        row(73_512, RowKind::Timer, Some(3), None, "", "timer Election rings"),
        row(
            73_512,
            RowKind::Send,
            Some(3),
            Some(0),
            "n4->n1 RequestVote#2",
            "epoch 3, last log 2496/1",
        ),
        row(
            71_007,
            RowKind::Deliver,
            Some(0),
            Some(3),
            "n4->n1 RequestVote#2",
            "epoch 3, last log 2496/1",
        ),
        row(71_007, RowKind::Send, Some(0), Some(3), "n1->n4 VoteReply#2", "granted"),
        row(70_313, RowKind::Drop, None, None, "n4->n2 RequestVote#2", "receiver down"),
        row(66_950, RowKind::Note, Some(3), None, "", "became leader of epoch 3"),
        row(
            9_180,
            RowKind::Boot,
            Some(0),
            None,
            "",
            "boot, epoch 2 read from disk; the vote is gone",
        ),
        row(
            4_011,
            RowKind::Deliver,
            Some(0),
            Some(4),
            "n5->n1 RequestVote#1",
            "epoch 3, last log 2496/1",
        ),
        row(0, RowKind::Note, Some(4), None, "", "became leader of epoch 3"),
        row(0, RowKind::Violation, Some(4), None, "", "election-safety: n4 and n5 lead epoch 3"),
    ];
    let number = |(id, row)| TraceRow { id, ..row };
    let mut trace: Trace = (38_112..).zip(rows).map(number).collect();
    trace.omitted = 38_112;
    trace.window = "the rows around the first fault and the last rows of the run".to_owned();
    trace
}

/// Several kinds of faults, overlapping, some without an end, one instant.
pub(crate) fn many_kinds() -> Record {
    let mut record = leader_crash();
    record.head.scenario = "raft/everything".to_owned();
    record.head.title = "Raft: everything at once".to_owned();
    record.head.legally_stuck =
        Some("n1 and n2 are up, and a quorum of 5 needs 3: 41 operations wait rightly.".to_owned());
    record.faults = vec![
        fault("crash", "n3", 2_000, Some(6_000)),
        fault("partition", "n1 n2 | n3 n4 n5", 3_000, Some(7_500)),
        fault("crash", "n4", 4_000, Some(9_000)),
        fault("loss", "20 % everywhere", 10_000, Some(14_000)),
        fault("pause", "n1", 11_000, Some(12_000)),
        fault("clock jump", "n5 by 80 ms", 15_000, Some(15_000)),
        fault("latency", "n1 -> n2, + 200 ms", 16_000, None),
        fault("crash", "n5", 19_800, None),
    ];
    record.standings.extend([
        standing(11_000, 0, Health::Paused, "follower", 3),
        standing(12_000, 0, Health::Up, "follower", 3),
    ]);
    record
}
