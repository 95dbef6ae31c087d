//! What applications may ask of the counter, and the sequential model that judges the answers.

use rehearsal::prelude::*;

/// What an application may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// Adds one; answered by nothing.
    Add,
    /// Answered by how many there are.
    Read,
}

impl Operation for Request {
    const KINDS: &'static [&'static str] = &["add", "read"];
    fn kind(&self) -> usize {
        usize::from(*self == Request::Read)
    }
    fn object(&self) -> u64 {
        0 // there is one counter
    }
}

/// One counter that never fails.
#[derive(Clone, Copy, Debug)]
pub enum CounterService {}

impl Service for CounterService {
    type Operation = Request;
    type Reply = Option<u64>;
    type Model = CounterService;
    fn compose(ask: &Ask) -> Request {
        if ask.kind == 0 { Request::Add } else { Request::Read }
    }
}

impl Sequential for CounterService {
    type Operation = Request;
    type Reply = Option<u64>;
    type State = u64;
    fn initial() -> u64 {
        0
    }
    fn apply(state: &u64, request: &Request) -> (u64, Option<u64>) {
        match request {
            Request::Add => (state + 1, None),
            Request::Read => (*state, Some(*state)),
        }
    }
    fn is_read(request: &Request) -> bool {
        *request == Request::Read
    }
    fn is_always_legal(request: &Request) -> bool {
        *request == Request::Add
    }
    // It is a counter: there is a checker for those.
    fn act(request: &Request, reply: Option<&Option<u64>>) -> Option<Act> {
        Some(match request {
            Request::Add => Act::Count { amount: 1 },
            Request::Read => Act::Total { total: reply.map(|said| said.unwrap_or(0) as i64) },
        })
    }
}
