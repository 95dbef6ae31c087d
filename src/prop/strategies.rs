//! Strategies for the parts of a day. The first alternative of each is the plainest: that is where
//! shrinking leads.

use proptest::prelude::*;

use super::{Fault, Latency, Network, Trouble, Workload};

/// Up to `most_us` microseconds, apart from rare long ones.
pub fn latency(most_us: u64) -> impl Strategy<Value = Latency> {
    let most = most_us.max(400);
    prop_oneof![
        (100..most).prop_map(Latency::Constant),
        (100..most / 2, 1..most / 2).prop_map(|(from, more)| Latency::Uniform(from, from + more)),
        (100..most / 2, 2..8u64)
            .prop_map(|(median, tail)| Latency::Lognormal { median, p99: median * tail }),
    ]
}

/// Calm half of the time.
fn percent(most: u32) -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 0..=most]
}

/// A network with up to 20 ms of latency, up to 20 % of loss and of doubled messages.
pub fn network() -> impl Strategy<Value = Network> {
    (latency(20_000), percent(20), percent(20), any::<bool>()).prop_map(
        |(latency, loss, duplicate, is_fifo)| Network { latency, loss, duplicate, is_fifo },
    )
}

/// 5 to 60 operations a second on one to four keys: few keys, so that operations meet.
pub fn workload() -> impl Strategy<Value = Workload> {
    (5..=60u32, 1..=4u32).prop_map(|(rate, keys)| Workload { rate, keys })
}

/// Anything that goes wrong before `before_ms`, for up to `before_ms` milliseconds. Half of the
/// faults are short: bugs hide in quick restarts.
pub fn fault(before_ms: u64) -> impl Strategy<Value = Fault> {
    let before = before_ms.max(2);
    let trouble = prop_oneof![
        4 => any::<u32>().prop_map(Trouble::Crash),
        2 => any::<u32>().prop_map(Trouble::Isolate),
        2 => any::<u32>().prop_map(Trouble::Partition),
        2 => any::<u32>().prop_map(Trouble::Pause),
        1 => (any::<u32>(), any::<u32>()).prop_map(|(from, to)| Trouble::OneWay(from, to)),
        1 => (5..95u32).prop_map(Trouble::Loss),
        1 => (20..500u64).prop_map(Trouble::Slow),
    ];
    let lasts = prop_oneof![1..before.min(150), 1..before];
    (0..before, lasts, trouble).prop_map(|(at_ms, lasts_ms, trouble)| Fault {
        at_ms,
        lasts_ms,
        trouble,
    })
}
