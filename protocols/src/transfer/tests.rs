//! Transfer in the real engine: the exact times of the textbook, and what loss and crashes leave whole.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{
    Fault, Load, Network, Place, PlaceLink, Plan, PlannedFault, Sharing, Target, Topology, Watch,
    Wire,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::time::{SimTime, Span};
use serde_json::{Value, json};

use crate::testing::plan;
use crate::transfer::Transfer;

const TRANSFER: Entry = Entry::of::<Transfer>();
const MBIT: u64 = 1_000_000;
const MS: i64 = 1_000_000;

/// Each of some senders sends one file to the only receiver, all at 1 s, over a network that loses
/// nothing.
fn one_file_each(senders: u32, config: &Value) -> Plan {
    let mut plan = plan(&TRANSFER, &[senders, 1], Vec::new());
    plan.config = (TRANSFER.configure)(config).unwrap();
    plan.network = Network::default();
    let workload = plan.workload.as_mut().expect("it has one");
    workload.load = Load::Closed { users: senders, think: Law::Constant(Span::secs(1)) };
    (workload.start, workload.stop) = (SimTime::ZERO, Some(SimTime::ZERO + Span::millis(1001)));
    workload.keys = KeyLaw::Uniform { count: 1 };
    plan
}

fn bandwidth(bandwidth: u64, sharing: Sharing) -> Option<Wire> {
    Some(Wire { bandwidth, queue: None, sharing })
}

/// A chain of places, the senders in the first and the receiver in the last.
fn chain(plan: &mut Plan, links: usize, latency: Span, wire: Option<Wire>) {
    let last = u32::try_from(plan.nodes.len() - 1).unwrap();
    let at = |place: usize| match place {
        0 => (0..last).map(NodeId).collect(),
        place if place == links => vec![NodeId(last)],
        _ => Vec::new(),
    };
    let places = (0..=links).map(|n| Place { name: format!("place{n}"), nodes: at(n) }).collect();
    let link = |from: usize, to: usize| PlaceLink {
        from,
        to,
        latency: Law::Constant(latency),
        loss: Chance::NEVER,
        corrupt: Chance::NEVER,
        burst: None,
        wire,
    };
    let links = (0..links).flat_map(|n| [link(n, n + 1), link(n + 1, n)]).collect();
    plan.network.topology = Some(Topology { places, links });
}

fn run(plan: &Plan, files: i64) -> Record {
    let record = (TRANSFER.run)(plan, 1, &Watch::QUIET);
    let head = &record.head;
    assert_eq!(head.verdict, Judgement::Pass, "{:?}", head.violations);
    assert_eq!(metric(&record, "files"), files);
    assert_eq!(metric(&record, "retransmissions"), 0);
    record
}

fn metric(record: &Record, name: &str) -> i64 {
    record.head.metrics[name]
}

/// check:N1: hops (L/B + d) + (P - 1) L/B, for any number of hops and packets.
#[test]
fn n1_packets_are_stored_and_forwarded() {
    let time = |hops: usize, packets: i64, bytes: i64, latency: u64| {
        let config = json!({ "packets": packets, "packet_size": bytes, "ack_size": 0 });
        let mut plan = one_file_each(1, &config);
        chain(&mut plan, hops, Span::millis(latency), bandwidth(MBIT, Sharing::Fifo));
        let record = run(&plan, 1);
        let (hops, latency) = (i64::try_from(hops).unwrap(), i64::try_from(latency).unwrap() * MS);
        let sends = bytes * 8_000; // L/B in ns at 1 Mbit/s
        let took = metric(&record, "transfer_ns_max");
        assert_eq!(took, hops * (sends + latency) + (packets - 1) * sends);
        // Acknowledgements without bytes come back in the latency alone.
        let whole = i64::try_from(record.head.latency_ns.max).unwrap();
        assert_eq!(whole, took + hops * latency);
        took
    };
    assert_eq!(time(3, 10, 1_500, 10), 174 * MS);
    assert_eq!(time(3, 1, 15_000, 10), 390 * MS);
    time(1, 7, 1, 3);
    time(5, 23, 977, 1);
}

/// check:N2: the throughput is min(B, W/RTT). A round trip is L/B + 2d.
#[test]
fn n2_a_window_bounds_what_goes_through() {
    let time = |window: i64, rounds: i64, bytes: i64, rate: u64, latency: i64| {
        let packets = window * rounds;
        let config = json!({
            "packets": packets, "packet_size": bytes, "ack_size": 0, "window": window,
            "timeout": "10s",
        });
        let mut plan = one_file_each(1, &config);
        plan.network.latency = Law::Constant(Span(u64::try_from(latency).unwrap()));
        plan.network.wire = bandwidth(rate, Sharing::Fifo);
        let sends = bytes * 8 * 1_000_000_000 / i64::try_from(rate).unwrap();
        let round_trip = sends + 2 * latency;
        let took = metric(&run(&plan, 1), "transfer_ns_max");
        let expected = if window * sends <= round_trip {
            // The window is sent, then nothing until the round trip is over.
            (rounds - 1) * round_trip + window * sends + latency
        } else {
            packets * sends + latency // the link is never idle
        };
        assert_eq!(took, expected, "window {window}, {rate} bit/s");
    };
    for window in [1, 2, 5, 10, 11, 12, 20, 51] {
        time(window, 8, 1_250, 8 * MBIT, 5 * MS); // 1.25 ms to send, 11.25 ms round trip
        time(window, 8, 1_250, 1_000 * MBIT, 50 * MS);
    }
    // The number of the table: 64 KiB - 1 in 100 ms, without the time to send.
    let config = json!({ "packets": 510, "packet_size": 1285, "window": 51, "ack_size": 0 });
    let mut plan = one_file_each(1, &config);
    plan.network.latency = Law::Constant(Span::millis(50));
    let record = run(&plan, 1);
    let (bits, ns) = (510 * 1285 * 8, record.head.latency_ns.max);
    assert_eq!((ns, bits * 1_000_000_000 / ns), (1_000_000_000, 5_242_800));
}

/// check:Q14: n equal files over one link all end at n S/B where they share it, and at (n+1)/2 S/B in
/// the mean where it takes them in turn.
#[test]
fn q14_equal_files_share_a_link_or_take_turns() {
    for senders in [1u32, 2, 3, 7, 10] {
        let n = i64::from(senders);
        let config = json!({ "packets": 20, "packet_size": 500, "ack_size": 0, "timeout": "10s" });
        let alone = 20 * 4 * MS; // S/B
        let mut plan = one_file_each(senders, &config);
        chain(&mut plan, 1, Span::ZERO, bandwidth(MBIT, Sharing::Fair));
        let record = run(&plan, n);
        assert_eq!(metric(&record, "transfer_ns_max"), n * alone);
        assert_eq!(metric(&record, "transfers_ns"), n * n * alone, "all end together");
        chain(&mut plan, 1, Span::ZERO, bandwidth(MBIT, Sharing::Fifo));
        let record = run(&plan, n);
        assert_eq!(metric(&record, "transfer_ns_max"), n * alone);
        assert_eq!(metric(&record, "transfers_ns") * 2, n * (n + 1) * alone);
    }
}

/// Loss, duplication and crashes of either end under a light load.
fn bad_days(acks: &str, window: u32) -> Plan {
    let crash = |at: u64, node: u32| {
        let target = Target::Nodes(vec![NodeId(node)]);
        let at = SimTime::ZERO + Span::millis(at);
        PlannedFault::once(at, Some(Span::millis(50)), Fault::Crash(target))
    };
    let faults = (0..20).map(|n| crash(2_000 + n * 700, u32::try_from(n % 4).unwrap())).collect();
    let mut plan = plan(&TRANSFER, &[2, 2], faults);
    let config = json!({ "acks": acks, "window": window, "timeout": "30ms" });
    plan.config = (TRANSFER.configure)(&config).unwrap();
    plan.network.loss = Chance::from_f64(0.1).unwrap();
    plan.network.duplicate = Chance::from_f64(0.1).unwrap();
    plan
}

#[test]
fn files_arrive_once_and_whole_on_bad_days() {
    for (acks, window) in [("each", 0), ("each", 3), ("cumulative", 0), ("cumulative", 4)] {
        let record = (TRANSFER.run)(&bad_days(acks, window), 1, &Watch::QUIET);
        assert_eq!(record.head.verdict, Judgement::Pass, "{:?}", record.head.violations);
        assert!(record.head.operations.ok > 1_000, "{:?}", record.head.operations);
        for name in ["retransmissions", "duplicate_packet", "receiver_forgot"] {
            assert!(metric(&record, name) > 0, "{acks}, {window}: no {name}");
        }
    }
}

#[test]
fn a_duplicate_that_is_counted_is_caught() {
    for acks in ["each", "cumulative"] {
        let mut plan = bad_days(acks, 0);
        plan.bugs = vec![0];
        let record = (TRANSFER.run)(&plan, 1, &Watch::QUIET);
        assert_eq!(record.head.violations[0].property, "received_once_and_whole");
    }
}
