//! Histories from elsewhere: the formats of other checkers, read into one neutral form, and our own
//! histories written in theirs.
//!
//! [`read`] recognises a format from the content and gives back the operations it tells of;
//! [`judge`] turns them into a history of a model and asks the checkers of [`rehearsal_sim::check`].
//! Whatever is malformed is told with its line and column; nothing here panics on what it reads.

mod edn;
mod jepsen;
mod json;
pub mod judge;
mod limo;
mod operations;
mod polylin;
mod porcupine;
mod sessions;
mod source;
mod value;

pub use operations::{Ending, Kind, Moment, Operation, Process};
pub use source::ReadError;
pub use value::Value;

use source::Source;

/// A format of histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Jepsen's EDN, which Knossos and Elle read as well.
    JepsenEdn,
    /// The same as one JSON array, as elle-cli reads it.
    JepsenJson,
    /// The same as JSON, one object a line: our own.
    JsonLines,
    /// The etcd logs of Porcupine's tests.
    PorcupineLog,
    /// The key-value histories of Porcupine's tests: maps with `:key`.
    PorcupineKv,
    /// LiMo and Violin.
    Limo,
    /// PolyLin.
    PolyLin,
    /// Plume, PolySI and IsoVista.
    Plume,
    /// Sessions and transactions with rules between them, as AWDIT's tests.
    Sessions,
    /// dbcop's JSON.
    Dbcop,
}

/// A format, described.
#[derive(Clone, Copy, Debug)]
pub struct FormatInfo {
    /// Which it is.
    pub format: Format,
    /// Its name in `--format`.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it looks like.
    pub sentence: &'static str,
}

/// Every format that is read, in the order in which they are recognised.
pub const ALL: &[FormatInfo] = &[
    FormatInfo {
        format: Format::JepsenEdn,
        name: "jepsen",
        aliases: &["edn", "knossos", "elle"],
        sentence: "Jepsen, Knossos, Elle: {:process 0, :type :invoke, :f :read, :value nil}, one \
                   after the other or in one vector",
    },
    FormatInfo {
        format: Format::JepsenJson,
        name: "json",
        aliases: &["elle-cli", "jepsen-json"],
        sentence: "elle-cli: the same maps in one JSON array",
    },
    FormatInfo {
        format: Format::JsonLines,
        name: "jsonl",
        aliases: &["rehearsal"],
        sentence: "rehearsal: the same maps as JSON, an object a line",
    },
    FormatInfo {
        format: Format::PorcupineLog,
        name: "porcupine-log",
        aliases: &["porcupine", "jepsen-log"],
        sentence: "Porcupine's etcd logs: INFO  jepsen.util - 0 :invoke :read nil, with tabs between",
    },
    FormatInfo {
        format: Format::PorcupineKv,
        name: "porcupine-kv",
        aliases: &[],
        sentence: "Porcupine's key-value histories: {:process 0, :type :invoke, :f :append, :key \
                   \"0\", :value \"x\"}",
    },
    FormatInfo {
        format: Format::Limo,
        name: "limo",
        aliases: &["violin"],
        sentence: "LiMo, Violin: # @object atomic-queue, then [1] call enq(3) and [1] return",
    },
    FormatInfo {
        format: Format::PolyLin,
        name: "polylin",
        aliases: &[],
        sentence: "PolyLin: # queue, then method, value, start and end: enq 3 1 4",
    },
    FormatInfo {
        format: Format::Plume,
        name: "plume",
        aliases: &["isovista", "polysi"],
        sentence: "Plume, PolySI, IsoVista: w(key,value,session,transaction), no real time",
    },
    FormatInfo {
        format: Format::Sessions,
        name: "sessions",
        aliases: &["awdit"],
        sentence: "AWDIT's tests: w key value, ----- between transactions, ===== between sessions, \
                   no real time",
    },
    FormatInfo {
        format: Format::Dbcop,
        name: "dbcop",
        aliases: &[],
        sentence: "dbcop: JSON sessions of {\"events\": [..], \"committed\": true}, no real time",
    },
];

impl Format {
    /// What `list formats` says of it.
    #[must_use]
    pub fn info(self) -> &'static FormatInfo {
        ALL.iter().find(|info| info.format == self).expect("every format is listed")
    }

    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Format> {
        let is = |info: &&FormatInfo| info.name == name || info.aliases.contains(&name);
        ALL.iter().find(is).map(|info| info.format)
    }
}

/// How the moments of a history are best told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// By their time, in nanoseconds.
    Nanoseconds,
    /// By the stamps of the file, which are no time.
    Stamps,
    /// By the line they stand in.
    Lines,
    /// By their number, where a line has several.
    Events,
}

/// What a history says of how it is meant; ours do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The model it is of.
    pub model: Option<String>,
    /// What its failed compare-and-sets and its empty reads say.
    pub dialect: Option<String>,
}

/// A history as it was read.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The format it was in.
    pub format: Format,
    /// Its operations, in the order of their calls.
    pub operations: Vec<Operation>,
    /// Whether an operation that ended before another was called came before it. Where it is
    /// `false`, only the order of each process is known.
    pub has_real_time: bool,
    /// How to tell its moments.
    pub clock: Clock,
    /// The object it says it is of.
    pub model: Option<String>,
    /// What it says of how it is meant.
    pub manifest: Option<Manifest>,
    /// Lines and events that are not of clients.
    pub skipped: u64,
}

/// What a parser found.
#[derive(Default)]
struct Read {
    events: Vec<operations::Event>,
    model: Option<String>,
    manifest: Option<Manifest>,
    skipped: u64,
    has_times: bool,
    counts_stamps: bool,
}

/// Reads a history; recognises its format where none is given.
///
/// # Errors
///
/// With the place in the text, if it is malformed, or looks like no format there is.
pub fn read(text: &str, format: Option<Format>) -> Result<Recorded, ReadError> {
    let source = Source::new(text);
    let format = format.or_else(|| recognise(&source)).ok_or_else(|| unknown(&source))?;
    let read = match format {
        Format::JepsenEdn | Format::JepsenJson | Format::JsonLines | Format::PorcupineKv => {
            jepsen::read(&source, format)?
        }
        Format::PorcupineLog => porcupine::read(&source)?,
        Format::Limo => limo::read(&source)?,
        Format::PolyLin => polylin::read(&source)?,
        // Both are called Plume's.
        Format::Plume if recognise(&source) != Some(Format::Sessions) => {
            sessions::read_plume(&source)?
        }
        Format::Plume => sessions::read_sessions(&source)?,
        Format::Sessions => sessions::read_sessions(&source)?,
        Format::Dbcop => sessions::read_dbcop(&source)?,
    };
    let clock = clock(&source, &read);
    let (operations, has_real_time) = operations::pair(&source, read.events)?;
    let (model, manifest, skipped) = (read.model, read.manifest, read.skipped);
    Ok(Recorded { format, operations, has_real_time, clock, model, manifest, skipped })
}

fn clock(source: &Source<'_>, read: &Read) -> Clock {
    let mut lines = read.events.iter().map(|event| source.line(event.at));
    if read.has_times {
        Clock::Nanoseconds
    } else if read.counts_stamps {
        Clock::Stamps
    } else if lines.by_ref().is_sorted_by(|before, after| before < after) {
        Clock::Lines
    } else {
        Clock::Events
    }
}

/// What the text looks like.
fn recognise(source: &Source<'_>) -> Option<Format> {
    let text = source.text.trim_start_matches('\u{feff}').trim_start();
    let lines: Vec<&str> = source.filled_lines().map(|(_, line)| line).take(50).collect();
    if lines.iter().any(|line| line.starts_with('#') && line.contains(limo::OBJECT)) {
        return Some(Format::Limo);
    }
    if lines.iter().any(|line| line.contains(porcupine::PREFIX)) {
        return Some(Format::PorcupineLog);
    }
    let first = lines.first()?;
    if let Some(comment) = first.strip_prefix('#')
        && polylin::OBJECTS.contains(&comment.trim())
    {
        return Some(Format::PolyLin);
    }
    if lines.iter().all(|line| line.starts_with('[') && is_limo(line)) {
        return Some(Format::Limo);
    }
    if text.starts_with(['{', '[', '(', ';']) || text.starts_with("#jepsen") {
        return Some(recognise_maps(text));
    }
    if first.starts_with("r(") || first.starts_with("w(") {
        return Some(Format::Plume);
    }
    let is_step = |line: &&str| {
        ["r ", "w ", "r\t", "w\t"].iter().any(|verb| line.starts_with(verb))
            || sessions::is_rule(line, '=')
            || sessions::is_rule(line, '-')
    };
    lines.iter().all(|line| is_step(&line)).then_some(Format::Sessions)
}

fn is_limo(line: &str) -> bool {
    line.split_once(']').is_some_and(|(_, rest)| {
        let rest = rest.trim_start();
        rest.starts_with("call") || rest.starts_with("return")
    })
}

/// EDN or JSON, and which of each.
fn recognise_maps(text: &str) -> Format {
    let open = text.find('{').unwrap_or(text.len());
    let inner = text[open..].trim_start_matches('{').trim_start();
    // JSON has its keys in quotes and a colon behind them.
    let key_ends = inner.strip_prefix('"').and_then(|key| key.split_once('"'));
    let is_json = key_ends.is_some_and(|(_, rest)| rest.trim_start().starts_with(':'))
        || text.starts_with("[]") && !text.contains("{:");
    if is_json {
        let begin: String = text.chars().take(2_000).collect();
        if begin.contains("\"events\"") || begin.contains("\"variable\"") {
            return Format::Dbcop;
        }
        return if text.starts_with('{') { Format::JsonLines } else { Format::JepsenJson };
    }
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with('{') && line.contains(":key \"") {
        return Format::PorcupineKv;
    }
    Format::JepsenEdn
}

fn unknown(source: &Source<'_>) -> ReadError {
    let names: Vec<&str> = ALL.iter().map(|info| info.name).collect();
    let help = format!(
        "say which it is with --format {}; `list formats` shows what each looks like",
        names.join("|")
    );
    if source.text.trim().is_empty() {
        return source.error(0, "there is nothing in it: a history has operations", "");
    }
    let at = source.filled_lines().next().map_or(0, |(at, _)| at);
    source.error(at, "this looks like no format of histories there is", help)
}

/// Reads one value, as EDN.
///
/// # Errors
///
/// With its place in the text, if it is no value.
pub fn value(text: &str) -> Result<Value, ReadError> {
    edn::value(&Source::new(text), 0, text.len())
}

/// A value written without quotes: a number, `empty`, or a word.
fn plain_value(word: &str) -> Value {
    match word {
        "" | "nil" | "null" | "empty" | "EMPTY" => Value::Nil,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => word.parse().map_or_else(|_| Value::Text(word.to_owned()), Value::Int),
    }
}
