//! Assertions about histories, for tests of anything that has operations with a beginning and an end.

use std::fmt::Write as _;

use rehearsal_sim::check::{Budget, Explanation, Verdict, linearizable_by};
use rehearsal_sim::history::History;
use rehearsal_sim::service::Sequential;

/// Asserts that a history is linearizable with respect to a [`Sequential`] model.
///
/// The history is taken as that of one object; `by = |operation| number` tells independent objects
/// apart, which makes long histories cheap.
///
/// ```
/// use rehearsal::prelude::*;
/// use rehearsal::sim::check::model::{Register, RegisterOp::*, RegisterReply::*};
/// use rehearsal::sim::history::History;
///
/// let mut history = History::default();
/// let write = history.call(1, Write(7), SimTime(0));
/// let read = history.call(2, Read, SimTime(5));
/// history.end(read, Value(Some(7)), SimTime(9));
/// history.end(write, Done, SimTime(10));
/// rehearsal::assert_linearizable!(Register, history);
/// ```
///
/// # Panics
/// With the operation that has no place, why, and the smallest part of the history that shows it.
/// Also where the budget of the checker ended before there was a verdict.
#[macro_export]
macro_rules! assert_linearizable {
    ($model:ty, $history:expr $(,)?) => {
        $crate::assert_linearizable!($model, $history, by = |_| 0)
    };
    ($model:ty, $history:expr, by = $object:expr $(,)?) => {
        $crate::assertions::assert_linearizable_by::<$model>(&$history, $object)
    };
}

/// What [`assert_linearizable!`](crate::assert_linearizable) calls.
///
/// # Panics
/// As the macro does.
#[track_caller]
pub fn assert_linearizable_by<M: Sequential>(
    history: &History<M::Operation, M::Reply>,
    object: impl Fn(&M::Operation) -> u64,
) {
    assert_verdict(&linearizable_by::<M>(history, object, Budget::default()), "linearizable");
}

/// Asserts that a checker found nothing; `property` is what it checked, as an adjective.
///
/// # Panics
/// With the explanation of the checker, or with why it gave up.
#[track_caller]
pub fn assert_verdict(verdict: &Verdict, property: &str) {
    match verdict {
        Verdict::Pass => {}
        Verdict::Fail(explanation) => {
            panic!("the history is not {property}\n\n{}", told(explanation))
        }
        Verdict::Inconclusive(why) => {
            panic!("nobody knows whether the history is {property}: {why}")
        }
    }
}

/// An explanation as a text of some lines.
fn told(explanation: &Explanation) -> String {
    let Explanation { sentence, expected, details, .. } = explanation;
    let mut text = format!("{sentence}\n");
    if !expected.is_empty() {
        writeln!(text, "expected: {expected}").expect("a string takes text");
    }
    for line in details {
        writeln!(text, "  {line}").expect("a string takes text");
    }
    text
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::check::model::{Register, RegisterOp, RegisterReply};
    use rehearsal_sim::time::SimTime;

    use super::*;

    fn stale() -> History<RegisterOp, RegisterReply> {
        let mut history = History::default();
        let write = history.call(1, RegisterOp::Write(7), SimTime(0));
        history.end(write, RegisterReply::Done, SimTime(10));
        let read = history.call(2, RegisterOp::Read, SimTime(20));
        history.end(read, RegisterReply::Value(None), SimTime(30));
        history
    }

    #[test]
    #[should_panic(
        expected = "the history is not linearizable\n\nclient2's read -> nothing (20ns .. 30ns) can not"
    )]
    fn a_stale_read_is_told() {
        assert_linearizable!(Register, stale());
    }

    #[test]
    fn objects_are_told_apart() {
        let by = |operation: &RegisterOp| u64::from(*operation == RegisterOp::Read);
        assert_linearizable!(Register, stale(), by = by);
    }

    #[test]
    #[should_panic(expected = "nobody knows whether the history is linearizable: no time")]
    fn nothing_known_is_no_pass() {
        assert_verdict(&Verdict::Inconclusive("no time".to_owned()), "linearizable");
    }
}
