//! The service: queues, each judged as a first-in-first-out queue of its own.

use rehearsal_sim::check::model::{Keyed, Many, Queue, QueueOp, QueueReply};
use rehearsal_sim::service::{Ask, Service};
use rehearsal_sim::simulation::Digest;

/// `put` and `take` on queues.
#[derive(Clone, Copy, Debug)]
pub enum QueueService {}

impl Service for QueueService {
    type Operation = Keyed<QueueOp>;
    type Reply = QueueReply;
    type Model = Many<Queue>;

    fn compose(ask: &Ask) -> Keyed<QueueOp> {
        let operation = if ask.kind == 0 { QueueOp::Put(ask.serial) } else { QueueOp::Take };
        Keyed { key: ask.key, operation }
    }

    fn digest(reply: &QueueReply, digest: &mut Digest) {
        match reply {
            QueueReply::Done | QueueReply::Took(None) => digest.word(0),
            QueueReply::Took(Some(value)) => digest.word(*value),
        }
    }
}
