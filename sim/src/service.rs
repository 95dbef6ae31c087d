//! What applications may ask of a protocol, what they get, and the sequential model that judges it.

use std::fmt::Debug;
use std::hash::Hash;

use crate::check::Act;
use crate::simulation::Digest;

/// Plain data: what operations, replies and model states are made of.
pub trait Data: Clone + Debug + Eq + Ord + Hash + 'static {}
impl<T: Clone + Debug + Eq + Ord + Hash + 'static> Data for T {}

/// The application's side of a protocol: its operations, their replies, and the sequential
/// specification that a history of them is judged by.
pub trait Service: Debug + 'static {
    /// What an application may call.
    type Operation: Operation;
    /// What it gets back.
    type Reply: Data;
    /// The sequential specification.
    type Model: Sequential<Operation = Self::Operation, Reply = Self::Reply>;

    /// Makes the operation that a workload asks for.
    fn compose(ask: &Ask) -> Self::Operation;

    /// Takes a reply into the digest of the run, in an encoding that is spelt out here. Without it
    /// the digest knows when each call ended, and whether it succeeded.
    fn digest(_reply: &Self::Reply, _digest: &mut Digest) {}

    /// Whether a first scenario keeps few operations open at a time (a closed loop): where all of them
    /// work on one object, whose history can only be judged as a whole, or where the protocol has no
    /// room for a load.
    const STARTS_CLOSED: bool = false;

    /// The model that `rehearsal check` judges a history by that was told by
    /// [`tell`](Service::tell); `None` where there is none.
    const TOLD_AS: Option<&'static str> = None;

    /// An operation and, once there is one, its reply in words that other checkers know.
    fn tell(operation: &Self::Operation, reply: Option<&Self::Reply>) -> Told {
        let value = match reply {
            Some(reply) => format!("{reply:?}"),
            None => format!("{operation:?}"),
        };
        let kind = Self::Operation::KINDS.get(operation.kind()).copied().unwrap_or("call");
        Told { f: kind, key: None, value: Said::Text(value), refused: None }
    }
}

/// An operation, or how it ended, as histories are exchanged between checkers: Jepsen's `:f` and
/// `:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was called: `read`, `write`, `cas`.
    pub f: &'static str,
    /// The independent object it was called on.
    pub key: Option<u64>,
    /// Of a call its argument, of a reply what it says.
    pub value: Said,
    /// Why it took no effect, though it was answered: `mismatch`.
    pub refused: Option<&'static str>,
}

/// A value in a [`Told`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing: `nil`, `null`.
    Nothing,
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Several, in order.
    List(Vec<Said>),
}

impl From<u64> for Said {
    fn from(number: u64) -> Said {
        Said::Number(number)
    }
}

impl From<Option<u64>> for Said {
    fn from(number: Option<u64>) -> Said {
        number.map_or(Said::Nothing, Said::Number)
    }
}

impl From<&[u64]> for Said {
    fn from(numbers: &[u64]) -> Said {
        Said::List(numbers.iter().copied().map(Said::Number).collect())
    }
}

/// One call of an application.
pub trait Operation: Data {
    /// The names of the kinds of operation, as in `mix = { get = 0.5, put = 0.5 }`.
    const KINDS: &'static [&'static str];
    /// The index of this operation's kind in [`Operation::KINDS`].
    fn kind(&self) -> usize;
    /// The independent object this operation works on (a key, a lock, an account group): histories
    /// are judged object by object.
    fn object(&self) -> u64;
}

/// What a workload wants next; [`Service::compose`] turns it into an operation.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Index into [`Operation::KINDS`].
    pub kind: usize,
    /// The key, drawn from the workload's key law: `0..count`.
    pub key: u64,
    /// A number no other operation of this run has: writes use it as their value, which makes every
    /// written value unique and histories cheap to judge.
    pub serial: u64,
    /// The serial of the last write to this key that the workload saw acknowledged.
    pub last_written: Option<u64>,
    /// A uniform draw of this operation's own, for choices inside `compose`.
    pub draw: u64,
}

/// How a call ended, as far as the caller can know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome<R> {
    /// It took effect, with this reply.
    Ok(R),
    /// It certainly took no effect.
    Failed,
    /// Nobody can say whether it took effect, now or later.
    Unknown,
}

impl<R> From<R> for Outcome<R> {
    fn from(reply: R) -> Outcome<R> {
        Outcome::Ok(reply)
    }
}

/// In which states an operation gives a certain reply; see [`Sequential::accepts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepts<S> {
    /// The model does not say.
    Unknown,
    /// In no state: the operation never gives this reply.
    Nowhere,
    /// In this state, and in no other (a read of a value: the state with that value).
    In(S),
    /// In every state.
    Everywhere,
    /// In every state but this one (a refused compare-and-set: all but the expected value). The
    /// operation changes none of the states in which it gives the reply.
    NotIn(S),
}

/// A sequential specification: what a single, never failing copy of the service would do with one
/// object.
///
/// `apply` is the whole truth; the other functions are promises about it that let the checker
/// skip work. A promise that does not hold makes verdicts wrong, a promise withheld only makes them
/// slow. The test tree compares every model's promises with its `apply`
/// (`check::check_promises`).
///
/// With [`accepts`](Sequential::accepts) and [`origins`](Sequential::origins) the checker knows
/// beforehand which states of an object matter to any reply of a history, and takes all others as
/// one; that is what keeps outages with many open operations on one key cheap.
pub trait Sequential: 'static {
    /// The operations.
    type Operation: Data;
    /// Their replies.
    type Reply: Data;
    /// The state of one object.
    type State: Data;

    /// The state of an object nobody has touched.
    fn initial() -> Self::State;

    /// What `operation` does to `state`: the next state and the reply it must give.
    fn apply(state: &Self::State, operation: &Self::Operation) -> (Self::State, Self::Reply);

    /// Never changes any state (a read).
    fn is_read(_operation: &Self::Operation) -> bool {
        false
    }
    /// Leads to the same next state and gives the same reply from every state (an overwrite): what
    /// happened right before it can not be seen.
    fn is_blind_write(_operation: &Self::Operation) -> bool {
        false
    }
    /// Gives the same reply from every state, though the next state may depend on it (an append).
    fn is_always_legal(operation: &Self::Operation) -> bool {
        Self::is_blind_write(operation)
    }

    /// In which states `operation` gives `reply`. Not asked of always legal operations, nor of
    /// operations whose reply nobody knows.
    fn accepts(_operation: &Self::Operation, _reply: &Self::Reply) -> Accepts<Self::State> {
        Accepts::Unknown
    }
    /// Every state, `after` itself aside, that `operation` leads to `after`, whatever it replies;
    /// `None` where the model can not say. Not asked of reads and blind writes.
    fn origins(_operation: &Self::Operation, _after: &Self::State) -> Option<Vec<Self::State>> {
        None
    }

    /// What `operation` with this reply (`None`: nobody knows it) does to a well-known object that
    /// begins as this one does. Where every operation on an object has its act, a monitor judges it
    /// in about linear time (`check::monitor`).
    fn act(_operation: &Self::Operation, _reply: Option<&Self::Reply>) -> Option<Act> {
        None
    }

    /// For an operation that changes one state only and leaves all others as they are (a
    /// compare-and-set): that state, and what it becomes.
    fn swaps(_operation: &Self::Operation) -> Option<(Self::State, Self::State)> {
        None
    }
    /// For an operation that is always legal and adds something at the end of the state's
    /// [`sequence`](Sequential::sequence), whatever is there: what it adds.
    fn appends(_operation: &Self::Operation) -> Option<&[u64]> {
        None
    }
    /// The state as a sequence of numbers, a different one for each state, where
    /// [`appends`](Sequential::appends) speaks of it. Either every state has one, or none.
    fn sequence(_state: &Self::State) -> Option<&[u64]> {
        None
    }
}
