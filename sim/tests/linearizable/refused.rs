//! A list that is compared with lists: a refused comparison shows that the list was another one.

use rehearsal_sim::check::{Budget, Engine, decided_by};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::{Accepts, Outcome, Sequential};
use rehearsal_sim::time::SimTime;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Do {
    Append(u64),
    /// Empties the list if it is this one.
    Empty(Vec<u64>),
}

/// An append replies `true`, and so does an emptying that found its list.
#[derive(Debug)]
struct List;

impl Sequential for List {
    type Operation = Do;
    type Reply = bool;
    type State = Vec<u64>;
    fn initial() -> Vec<u64> {
        Vec::new()
    }
    fn apply(state: &Vec<u64>, operation: &Do) -> (Vec<u64>, bool) {
        match operation {
            Do::Append(value) => ([&state[..], &[*value]].concat(), true),
            Do::Empty(list) if list == state => (Vec::new(), true),
            Do::Empty(_) => (state.clone(), false),
        }
    }
    fn is_always_legal(operation: &Do) -> bool {
        matches!(operation, Do::Append(_))
    }
    fn accepts(operation: &Do, reply: &bool) -> Accepts<Vec<u64>> {
        match (operation, reply) {
            (Do::Empty(list), true) => Accepts::In(list.clone()),
            (Do::Empty(list), false) => Accepts::NotIn(list.clone()),
            (Do::Append(_), true) => Accepts::Everywhere,
            (Do::Append(_), false) => Accepts::Nowhere,
        }
    }
    fn appends(operation: &Do) -> Option<&[u64]> {
        match operation {
            Do::Append(value) => Some(std::slice::from_ref(value)),
            Do::Empty(_) => None,
        }
    }
    fn sequence(state: &Vec<u64>) -> Option<&[u64]> {
        Some(state)
    }
}

fn call(operation: Do, (called, ended): (u64, u64), reply: bool) -> Call<Do, bool> {
    Call {
        id: CallId(called),
        client: 0,
        operation,
        called: SimTime(called),
        ended: Some(SimTime(ended)),
        outcome: Outcome::Ok(reply),
    }
}

/// The append that nobody sees has to come first: [3, 2] is neither [2] nor [2, 3].
#[test]
fn an_append_that_nobody_sees_may_be_needed_before_another_one() {
    let calls = [
        call(Do::Append(3), (0, 10), true),
        call(Do::Append(2), (0, 1), true),
        call(Do::Empty(vec![2]), (2, 3), false),
        call(Do::Empty(vec![2, 3]), (4, 5), false),
    ];
    let calls: Vec<_> = calls.iter().collect();
    let found = decided_by::<List>(Engine::Frontier, &calls, Budget::default());
    assert_eq!(found, Some(true));
    let mut late = calls[0].clone();
    late.called = SimTime(2);
    let broken = [calls[1], &late, calls[2], &call(Do::Empty(vec![2, 3]), (11, 12), false)];
    let found = decided_by::<List>(Engine::Frontier, &broken, Budget::default());
    assert_eq!(found, Some(false));
}
