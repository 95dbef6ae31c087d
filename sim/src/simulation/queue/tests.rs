//! Wheel and heap pop the same, and what a sorted map would: ties, bursts, cancels, far futures.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Move {
    /// Schedules this long after the last event that was popped.
    Push(u64),
    /// Schedules several at once, this far apart.
    Burst { after: u64, apart: u64, count: u8 },
    /// Cancels the n-th that was scheduled, pending or not.
    Cancel(prop::sample::Index),
    /// Takes what comes within this time, if anything does.
    Pop(u64),
}

/// Spans of every size, with many ties among them.
fn spans() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0u64..4,
        4 => prop::sample::select(vec![63u64, 64, 65, 4_095, 4_096, 4_097, 1_000_000, 5_000_000]),
        4 => 0u64..300,
        2 => 0u64..20_000_000,
        1 => (0u32..63).prop_map(|bits| 1u64 << bits),
        1 => 0u64..1 << 62,
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        6 => spans().prop_map(Move::Push),
        1 => (spans(), 0u64..3, 1u8..20)
            .prop_map(|(after, apart, count)| Move::Burst { after, apart, count }),
        3 => any::<prop::sample::Index>().prop_map(Move::Cancel),
        6 => spans().prop_map(Move::Pop),
    ];
    proptest::collection::vec(step, 0..300)
}

/// All three side by side.
#[derive(Default)]
struct Trio {
    wheel: Wheel<usize>,
    heap: HeapQueue<usize>,
    model: BTreeMap<(SimTime, usize), usize>,
    handles: Vec<(Handle, Handle, SimTime)>,
    now: SimTime,
}

impl Trio {
    fn push(&mut self, after: u64) {
        let at = SimTime(self.now.0.saturating_add(after));
        let n = self.handles.len();
        self.handles.push((self.wheel.push(at, n), self.heap.push(at, n), at));
        self.model.insert((at, n), n);
    }

    fn cancel(&mut self, n: usize) {
        let (wheel, heap, at) = self.handles[n];
        let expected = self.model.remove(&(at, n));
        assert_eq!(self.wheel.cancel(wheel), expected);
        assert_eq!(self.heap.cancel(heap), expected);
    }

    fn pop(&mut self, limit: SimTime) -> bool {
        let first = self.model.first_key_value().map(|((at, _), n)| (*at, *n));
        let expected = first.filter(|(at, _)| *at <= limit);
        if let Some((at, n)) = expected {
            self.model.remove(&(at, n));
            self.now = at;
        }
        assert_eq!(self.wheel.pop_until(limit), expected, "the wheel");
        assert_eq!(self.heap.pop_until(limit), expected, "the heap");
        expected.is_some()
    }

    fn take(&mut self, step: &Move) {
        match step {
            Move::Push(after) => self.push(*after),
            Move::Burst { after, apart, count } => {
                (0..u64::from(*count)).for_each(|n| self.push(after + n * apart));
            }
            Move::Cancel(_) if self.handles.is_empty() => {}
            Move::Cancel(index) => self.cancel(index.index(self.handles.len())),
            Move::Pop(within) => {
                self.pop(SimTime(self.now.0.saturating_add(*within)));
            }
        }
        assert_eq!(self.wheel.len(), self.model.len());
        assert_eq!(self.heap.len(), self.model.len());
        assert_eq!(self.wheel.iter().count(), self.model.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn wheel_and_heap_pop_what_a_sorted_map_would(moves in moves()) {
        let mut trio = Trio::default();
        moves.iter().for_each(|step| trio.take(step));
        while trio.pop(SimTime(u64::MAX)) {}
        prop_assert_eq!((trio.wheel.len(), trio.heap.len()), (0, 0));
    }
}

/// A hundred thousand events with the ties, re-armed timers and time-outs of a real cluster.
#[test]
fn a_long_schedule_is_the_same_from_both() {
    let mut trio = Trio::default();
    let mut state = 1u64;
    let mut draw = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    (0..50).for_each(|_| trio.push(draw(10_000_000)));
    for round in 0..100_000 {
        assert!(trio.pop(SimTime(u64::MAX)), "something is pending");
        match draw(4) {
            0 => trio.push(draw(5) * 1_000_000),
            1 => trio.push(draw(8_000_000)),
            2 => trio.push(150_000_000 + draw(150_000_000)),
            _ => trio.push(0),
        }
        if round % 3 == 0 {
            let n = trio.handles.len();
            trio.cancel(n - 1 - usize::try_from(draw(40.min(n as u64))).unwrap());
            trio.push(50_000_000);
        }
    }
    while trio.pop(SimTime(u64::MAX)) {}
}

/// A timer that is set again and again, far in the future: what it leaves behind is cleaned up.
#[test]
fn cancelled_events_take_no_room() {
    let mut trio = Trio::default();
    (0..10).for_each(|n| trio.push(n));
    let mut kept = trio.handles.clone();
    for _ in 0..100_000 {
        trio.push(1 << 40);
        trio.cancel(trio.handles.len() - 1);
        trio.cancel(trio.handles.len() - 1);
        let (entries, slots) = trio.heap.room();
        assert!(entries <= 2 * trio.heap.len() + 65 && slots == 11);
        assert_eq!(trio.wheel.room(), 11);
    }
    kept.truncate(4);
    trio.cancel(3);
    while trio.pop(SimTime(100)) {}
    assert_eq!(trio.wheel.len(), 0);
}

#[test]
fn a_limit_holds_and_moves_nothing() {
    let mut wheel = Wheel::default();
    // Two in one slot of a higher level, on both sides of the limit that is asked for.
    wheel.push(SimTime(5_000), "late");
    wheel.push(SimTime(5_001), "later");
    assert_eq!(wheel.pop_until(SimTime(4_999)), None);
    // What comes now may still be scheduled before them, in the same slot or below it.
    wheel.push(SimTime(3), "now");
    wheel.push(SimTime(4_990), "soon");
    let popped: Vec<_> = std::iter::from_fn(|| wheel.pop_until(SimTime(u64::MAX))).collect();
    let expected = [(3, "now"), (4_990, "soon"), (5_000, "late"), (5_001, "later")];
    assert_eq!(popped, expected.map(|(at, what)| (SimTime(at), what)));
}

#[test]
fn the_ends_of_time_are_instants_like_others() {
    let mut trio = Trio::default();
    for after in [u64::MAX, 0, u64::MAX - 1, u64::MAX, 1 << 63, (1 << 60) - 1, 1 << 60] {
        trio.push(after);
    }
    while trio.pop(SimTime(u64::MAX)) {}
    trio.push(0);
    assert!(trio.pop(SimTime(u64::MAX)));
}

#[test]
#[should_panic(expected = "an event at 0.000004s is scheduled into the past")]
fn nothing_is_scheduled_into_the_past() {
    let mut wheel = Wheel::default();
    wheel.push(SimTime(5_000), ());
    wheel.pop_until(SimTime(u64::MAX));
    wheel.push(SimTime(4_999), ());
}
