//! What can be asked for by name.

use crate::formats::Format;

/// What operations mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// A register with read, write and compare-and-set.
    Register,
    /// A key-value store with get, put, append and compare-and-set.
    Kv,
    /// A first-in-first-out queue.
    Queue,
    /// A stack.
    Stack,
    /// A priority queue.
    PriorityQueue,
    /// A set.
    Set,
    /// A counter.
    Counter,
    /// A lock that does not know its holder, as Knossos has it.
    Mutex,
    /// A lock that only its holder gives back.
    Lock,
    /// Transactions that append to lists and read them.
    ListAppend,
    /// Transactions that write registers and read them.
    RwRegister,
    /// A set that grows, by what the last read has.
    FinalSet,
    /// A set that grows, element by element.
    SetFull,
    /// A counter, read by read.
    CounterBounds,
    /// A queue without regard to order, by what is lost.
    TotalQueue,
    /// Identifiers that are all different.
    UniqueIds,
    /// A bank whose total stays.
    Bank,
    /// Reads that see independent writes in one order.
    LongFork,
    /// Reads that see no effect without its cause.
    CausalReverse,
    /// Logs that are sent to and polled from.
    Log,
}

/// A model, described.
#[derive(Clone, Copy, Debug)]
pub struct ModelInfo {
    /// Which it is.
    pub model: Model,
    /// Its name in `--model`.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it is.
    pub sentence: &'static str,
    /// Its operations.
    pub vocabulary: &'static str,
    /// Whether it has operations that the dialects take for different things.
    pub has_dialects: bool,
}

/// Every model.
pub const MODELS: &[ModelInfo] = &[
    ModelInfo {
        model: Model::Register,
        name: "register",
        aliases: &["cas-register", "atomic"],
        sentence: "a register with read, write and compare-and-set; one for each key",
        vocabulary: "a register has read, write VALUE and cas [FROM TO]",
        has_dialects: true,
    },
    ModelInfo {
        model: Model::Kv,
        name: "kv",
        aliases: &["key-value", "kv-store"],
        sentence: "a key-value store with get, put, append and cas; values are strings, numbers, or \
                   lists of what was appended",
        vocabulary: "a key-value store has get, put VALUE, append VALUE and cas [FROM TO]",
        has_dialects: true,
    },
    ModelInfo {
        model: Model::Queue,
        name: "queue",
        aliases: &["fifo", "fifo-queue"],
        sentence: "a queue: what was put first is taken first",
        vocabulary: "a queue has enqueue VALUE and dequeue",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Stack,
        name: "stack",
        aliases: &["lifo"],
        sentence: "a stack: what was put last is taken first",
        vocabulary: "a stack has push VALUE and pop",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::PriorityQueue,
        name: "priority-queue",
        aliases: &["pqueue", "priorityqueue"],
        sentence: "a priority queue: the greatest value is taken first",
        vocabulary: "a priority queue has insert NUMBER and poll",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Set,
        name: "set",
        aliases: &[],
        sentence: "a set with add, remove, contains, and a read of all elements",
        vocabulary: "a set has add VALUE, remove VALUE, contains VALUE and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Counter,
        name: "counter",
        aliases: &[],
        sentence: "a counter with add and read",
        vocabulary: "a counter has add NUMBER, add-and-get NUMBER and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Mutex,
        name: "mutex",
        aliases: &[],
        sentence: "a lock as Knossos has it: whoever holds it, anybody may give it back",
        vocabulary: "a mutex has acquire and release",
        has_dialects: true,
    },
    ModelInfo {
        model: Model::Lock,
        name: "lock",
        aliases: &["owner-mutex", "owner-aware-mutex"],
        sentence: "a lock that only the process that holds it gives back",
        vocabulary: "a lock has acquire and release",
        has_dialects: true,
    },
    ModelInfo {
        model: Model::ListAppend,
        name: "list-append",
        aliases: &["append"],
        sentence: "transactions that append to lists and read them, as Elle has it; --level says how \
                   strictly they are to be kept apart",
        vocabulary: "a transaction is a list of steps: [[:append KEY VALUE] [:r KEY nil]]",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::RwRegister,
        name: "rw-register",
        aliases: &["wr"],
        sentence: "transactions that write registers and read them; --level as for list-append",
        vocabulary: "a transaction is a list of steps: [[:w KEY VALUE] [:r KEY nil]]",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::FinalSet,
        name: "set-final",
        aliases: &["jepsen-set"],
        sentence: "Jepsen's set: the last read has all that was added",
        vocabulary: "a set has add VALUE and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::SetFull,
        name: "set-full",
        aliases: &[],
        sentence: "Jepsen's set-full: each element is seen from some moment on, and never lost",
        vocabulary: "a set has add VALUE and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::CounterBounds,
        name: "counter-bounds",
        aliases: &["jepsen-counter"],
        sentence: "Jepsen's counter: each read lies between what was surely added and what may have been",
        vocabulary: "a counter has add NUMBER and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::TotalQueue,
        name: "total-queue",
        aliases: &[],
        sentence: "Jepsen's total-queue: what was put comes out, in any order",
        vocabulary: "a queue has enqueue VALUE, dequeue and drain",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::UniqueIds,
        name: "unique-ids",
        aliases: &["unique"],
        sentence: "Jepsen's unique-ids: no identifier is handed out twice",
        vocabulary: "whatever was called, its result is an identifier: {:f :generate, :value 17}",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Bank,
        name: "bank",
        aliases: &[],
        sentence: "Jepsen's bank: transfers keep the total that reads of all accounts find",
        vocabulary: "a bank has read, which gets {ACCOUNT BALANCE, ..}, and transfer {:from A, :to B, :amount N}",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::LongFork,
        name: "long-fork",
        aliases: &[],
        sentence: "Jepsen's long-fork: no two reads see two writes in opposite orders",
        vocabulary: "a transaction is a list of steps: [[:w KEY VALUE]] or [[:r KEY nil] [:r KEY nil]]",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::CausalReverse,
        name: "causal-reverse",
        aliases: &["comments"],
        sentence: "Jepsen's causal-reverse: no read sees an element without one added before it",
        vocabulary: "a set has add VALUE and read",
        has_dialects: false,
    },
    ModelInfo {
        model: Model::Log,
        name: "kafka",
        aliases: &["log"],
        sentence: "Jepsen's kafka: logs lose, repeat and turn round nothing",
        vocabulary: "a log has send [[:send KEY VALUE]], poll [[:poll]], assign [KEY ..] and subscribe [KEY ..]",
        has_dialects: false,
    },
];

impl Model {
    /// What `list models` says of it.
    #[must_use]
    pub fn info(self) -> &'static ModelInfo {
        MODELS.iter().find(|info| info.model == self).expect("every model is listed")
    }

    /// The model of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Model> {
        let is = |info: &&ModelInfo| info.name == name || info.aliases.contains(&name);
        MODELS.iter().find(is).map(|info| info.model)
    }
}

/// What is demanded of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// Every operation takes effect at one instant between its call and its end.
    Linearizable,
    /// One order of all operations explains every reply and keeps that of each process.
    Sequential,
    /// The four session guarantees of Terry and others.
    Session,
}

impl Consistency {
    /// Every name.
    pub const NAMES: &'static [&'static str] = &["linearizable", "sequential", "session"];

    /// The consistency of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Consistency> {
        match name {
            "linearizable" => Some(Consistency::Linearizable),
            "sequential" => Some(Consistency::Sequential),
            "session" => Some(Consistency::Session),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Consistency::Linearizable => "linearizable",
            Consistency::Sequential => "sequential",
            Consistency::Session => "session",
        }
    }
}

/// What a failed compare-and-set and an empty read say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A failed operation did not happen, and a read of nil says nothing.
    Jepsen,
    /// A failed compare-and-set found another value, and a read of nil found nothing.
    Porcupine,
    /// A failed operation did not happen, and its error says why: `mismatch` that another value was
    /// there; a read of nil found nothing.
    Rehearsal,
}

impl Dialect {
    /// Every name.
    pub const NAMES: &'static [&'static str] = &["jepsen", "porcupine", "rehearsal"];

    /// What the checker that a format comes from takes them for.
    #[must_use]
    pub fn of(format: Format) -> Dialect {
        match format {
            Format::JepsenEdn | Format::JepsenJson => Dialect::Jepsen,
            Format::JsonLines => Dialect::Rehearsal,
            _ => Dialect::Porcupine,
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Dialect> {
        match name {
            "jepsen" => Some(Dialect::Jepsen),
            "porcupine" => Some(Dialect::Porcupine),
            "rehearsal" => Some(Dialect::Rehearsal),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Jepsen => "jepsen",
            Dialect::Porcupine => "porcupine",
            Dialect::Rehearsal => "rehearsal",
        }
    }

    /// What it takes a failed compare-and-set and an empty read for.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Dialect::Jepsen => "a failed operation did not happen, a read of nil says nothing",
            Dialect::Porcupine => "a failed cas found another value, a read of nil found nothing",
            Dialect::Rehearsal => {
                "a failed operation did not happen, and its error may say why; a read of nil found \
                 nothing"
            }
        }
    }
}
