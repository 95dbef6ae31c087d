//! What can be asked for by name.

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
}

impl Consistency {
    /// Every name.
    pub const NAMES: &'static [&'static str] = &["linearizable"];

    /// The consistency of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Consistency> {
        match name {
            "linearizable" => Some(Consistency::Linearizable),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Consistency::Linearizable => "linearizable",
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
}

impl Dialect {
    /// The dialect of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Dialect> {
        match name {
            "jepsen" => Some(Dialect::Jepsen),
            "porcupine" => Some(Dialect::Porcupine),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Jepsen => "jepsen",
            Dialect::Porcupine => "porcupine",
        }
    }

    /// What it takes a failed compare-and-set and an empty read for.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Dialect::Jepsen => "a failed operation did not happen, a read of nil says nothing",
            Dialect::Porcupine => "a failed cas found another value, a read of nil found nothing",
        }
    }
}
