//! The service: counters, each judged on its own.

use rehearsal_sim::check::model::{Counter, CounterOp, CounterReply, Keyed, Many};
use rehearsal_sim::service::{Ask, Service};
use rehearsal_sim::simulation::Digest;

/// `add`, `add_and_get` and `read` on counters. What is added is one.
#[derive(Clone, Copy, Debug)]
pub enum CounterService {}

impl Service for CounterService {
    type Operation = Keyed<CounterOp>;
    type Reply = CounterReply;
    type Model = Many<Counter>;
    const STARTS_CLOSED: bool = true;

    fn compose(ask: &Ask) -> Keyed<CounterOp> {
        let operation = match ask.kind {
            0 => CounterOp::Add(1),
            1 => CounterOp::AddAndGet(1),
            _ => CounterOp::Read,
        };
        Keyed { key: ask.key, operation }
    }

    fn digest(reply: &CounterReply, digest: &mut Digest) {
        match *reply {
            CounterReply::Done => digest.word(u64::MAX),
            CounterReply::Value(value) => digest.word(value.cast_unsigned()),
        }
    }
}
