//! What each client did, one after the other.

use std::collections::BTreeMap;

use crate::history::Call;
use crate::service::{Accepts, Outcome, Sequential};

/// One operation.
pub(super) struct Op<'h, M: Sequential> {
    pub(super) call: &'h Call<M::Operation, M::Reply>,
    /// The reply it must give; `None` when nobody knows, and then it need not be placed.
    pub(super) reply: Option<&'h M::Reply>,
    /// The number of its object.
    pub(super) object: usize,
    /// The number of its line, and its place there.
    pub(super) line: usize,
    pub(super) place: u32,
    /// Whether it changes nothing where it gives its reply.
    pub(super) is_look: bool,
}

/// All operations, in lines: each line is placed from its first operation to its last.
pub(super) struct Lines<'h, M: Sequential> {
    /// In the order of the calls.
    pub(super) ops: Vec<Op<'h, M>>,
    /// The operations of each line: those of a client, or one whose end nobody knows.
    pub(super) lines: Vec<Vec<usize>>,
    /// Where a line may begin: after so many operations of another.
    pub(super) after: Vec<Option<(usize, u32)>>,
    /// How many objects there are.
    pub(super) objects: usize,
}

impl<'h, M: Sequential> Lines<'h, M> {
    /// Leaves out what had no effect and the reads whose reply nobody knows.
    pub(super) fn new(
        calls: &[&'h Call<M::Operation, M::Reply>],
        object: &impl Fn(&M::Operation) -> u64,
    ) -> Lines<'h, M> {
        let mut found = Lines { ops: Vec::new(), lines: Vec::new(), after: Vec::new(), objects: 0 };
        let mut clients: BTreeMap<u32, usize> = BTreeMap::new();
        let mut objects: BTreeMap<u64, usize> = BTreeMap::new();
        for call in calls {
            let is_read = M::is_read(&call.operation);
            let reply = match &call.outcome {
                Outcome::Ok(reply) => Some(reply),
                Outcome::Failed => continue,
                Outcome::Unknown if is_read => continue,
                Outcome::Unknown => None,
            };
            let count = objects.len();
            let object = *objects.entry(object(&call.operation)).or_insert(count);
            let client = *clients.entry(call.client).or_insert_with(|| found.line(None));
            let line = match reply {
                Some(_) => client,
                None => found.line(Some((client, found.len(client)))),
            };
            let is_refusal = reply.is_some_and(|reply| {
                !M::is_always_legal(&call.operation)
                    && matches!(M::accepts(&call.operation, reply), Accepts::NotIn(_))
            });
            let place = found.len(line);
            found.lines[line].push(found.ops.len());
            let is_look = is_read || is_refusal;
            found.ops.push(Op { call, reply, object, line, place, is_look });
        }
        found.objects = objects.len();
        found
    }

    fn line(&mut self, after: Option<(usize, u32)>) -> usize {
        self.lines.push(Vec::new());
        self.after.push(after);
        self.lines.len() - 1
    }

    /// How many operations a line has.
    pub(super) fn len(&self, line: usize) -> u32 {
        u32::try_from(self.lines[line].len()).unwrap_or(u32::MAX)
    }

    /// How many operations must be placed.
    pub(super) fn must(&self) -> usize {
        self.ops.iter().filter(|op| op.reply.is_some()).count()
    }
}
