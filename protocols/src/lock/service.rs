//! The service: counters that are counted up under a lock, each judged on its own.

use rehearsal_sim::check::model::{Counter, CounterOp, CounterReply, Keyed, Many};
use rehearsal_sim::service::{Ask, Service};
use rehearsal_sim::simulation::Digest;

/// `add_and_get` under the lock of a counter, and `read` without. A plain `add` is taken for the first.
#[derive(Clone, Copy, Debug)]
pub enum LockedCounterService {}

impl Service for LockedCounterService {
    type Operation = Keyed<CounterOp>;
    type Reply = CounterReply;
    type Model = Many<Counter>;

    fn compose(ask: &Ask) -> Keyed<CounterOp> {
        let operation = if ask.kind == 2 { CounterOp::Read } else { CounterOp::AddAndGet(1) };
        Keyed { key: ask.key, operation }
    }

    fn digest(reply: &CounterReply, digest: &mut Digest) {
        if let CounterReply::Value(value) = *reply {
            digest.word(value.cast_unsigned());
        }
    }
}
