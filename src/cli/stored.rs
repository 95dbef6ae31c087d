//! The record beside a report: what the page was drawn from, so that it can be drawn again later,
//! elsewhere, and by a newer version.
//!
//! `record.json.gz` is one JSON object. Of the trace it keeps what a reader looks at first, the
//! steps around the first violation: to store the whole of it takes about as long as the run itself
//! (36 MB of text for 20 s of Raft, 5 MB packed), and the reproduce line makes it again.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use rehearsal_reports::Reproduce;
use rehearsal_sim::metrics::Histogram;
use rehearsal_sim::record::{Head, Record, Row, RowKind, Trace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::results::shown;
use super::{Failure, say};

/// The name of the file in a run's folder.
pub(crate) const NAME: &str = "record.json.gz";
/// The number of the form below. A field may be added with a default; whoever changes the meaning
/// of one raises the number.
const FORMAT: u64 = 1;
/// Rows of the trace that are kept up to the first violation.
const ROWS_BEFORE: usize = 2_000;
/// And after it.
const ROWS_AFTER: usize = 200;
/// More text than this is no record, in bytes: a small file can unpack to fill a memory.
const MOST_TEXT: u64 = 512 << 20;

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    format: u64,
    /// The command lines that make the run again.
    pub(crate) reproduce: Reproduce,
    /// Rows of the run's trace that are not in the record.
    pub(crate) rows_left_out: u64,
    /// Which rows are, in a sentence; empty when all are.
    pub(crate) rows_kept: String,
    /// The record.
    pub(crate) record: Record,
}

/// As much of it as an index needs; the rest is not looked at.
#[derive(Deserialize)]
pub(crate) struct Summary {
    /// The command lines that make the run again.
    pub(crate) reproduce: Reproduce,
    record: HeadOnly,
}

#[derive(Deserialize)]
struct HeadOnly {
    head: Head,
}

impl Summary {
    /// The facts of the run.
    pub(crate) fn into_head(self) -> Head {
        self.record.head
    }
}

/// What tells a record from other JSON, read before anything else: it stays readable where the
/// rest is of another version.
#[derive(Deserialize)]
struct Preface {
    format: u64,
    #[serde(default)]
    reproduce: PrefaceReproduce,
    #[serde(default)]
    record: PrefaceRecord,
}

#[derive(Deserialize, Default)]
struct PrefaceReproduce {
    #[serde(default)]
    run: String,
}

#[derive(Deserialize, Default)]
struct PrefaceRecord {
    #[serde(default)]
    head: PrefaceHead,
}

#[derive(Deserialize, Default)]
struct PrefaceHead {
    #[serde(default)]
    version: String,
}

/// Why a file is no record that can be drawn.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// What is wrong, as the end of a sentence.
    pub(crate) why: String,
    help: String,
}

impl Flaw {
    fn new(why: impl Into<String>) -> Flaw {
        Flaw { why: why.into(), help: "run the scenario again; that writes a new one".to_owned() }
    }

    /// The same as a failure of the command.
    pub(crate) fn into_failure(self, path: &Path) -> Failure {
        Failure::said(format!("can not draw {}: {}", shown(path), self.why), self.help)
    }
}

/// The bytes of the file: the same for equal runs.
pub(crate) fn encode(record: &Record, reproduce: &Reproduce) -> Vec<u8> {
    let (trace, rows_kept) = window(record);
    let rows_left_out = (record.trace.len() - trace.len()) as u64;
    // Every field by name, so that whoever adds one decides about it here.
    let record = Record {
        head: record.head.clone(),
        duration_ns: record.duration_ns,
        nodes: record.nodes.clone(),
        faults: record.faults.clone(),
        series: record.series.clone(),
        latency_curve: record.latency_curve.clone(),
        strikes: Vec::new(),
        latencies: Histogram::default(),
        standings: record.standings.clone(),
        trace,
    };
    let reproduce = reproduce.clone();
    let stored = Stored { format: FORMAT, reproduce, rows_left_out, rows_kept, record };
    let text = serde_json::to_vec(&stored).expect("a record is plain data");
    pack(&text).expect("memory takes bytes")
}

fn pack(text: &[u8]) -> io::Result<Vec<u8>> {
    // Neither a time nor a system in the header: they would tell equal runs apart.
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    packed.write_all(text)?;
    packed.finish()
}

/// The rows around the first violation, and which they are.
fn window(record: &Record) -> (Trace, String) {
    let trace = &record.trace;
    let (kept, sentence) = match record.head.violations.first() {
        None => (0..0, "none, as nothing was violated".to_owned()),
        Some(violation) => {
            let at_ns = violation.at_ns;
            let is_it = |row: Row<'_>| row.kind == RowKind::Violation && row.at_ns == at_ns;
            let later = || trace.rows().rev().take_while(|row| row.at_ns > at_ns).count();
            let place = trace.rows().position(is_it).map(|place| place + 1);
            let end = place.unwrap_or_else(|| trace.len() - later());
            let from = end.saturating_sub(ROWS_BEFORE);
            let to = (end + ROWS_AFTER).min(trace.len());
            let sentence = format!(
                "at most {ROWS_BEFORE} up to the first violation and {ROWS_AFTER} after it"
            );
            (from..to, sentence)
        }
    };
    let sentence = if kept.len() == trace.len() { String::new() } else { sentence };
    // What the run itself left out stays as the page tells it.
    (trace.stretch(kept), sentence)
}

/// Reads a whole record.
pub(crate) fn read(path: &Path) -> Result<Stored, Flaw> {
    decode(File::open(path).map_err(|error| Flaw::new(unreadable(&error)))?)
}

/// Reads what an index needs.
pub(crate) fn read_summary(path: &Path) -> Result<Summary, Flaw> {
    decode(File::open(path).map_err(|error| Flaw::new(unreadable(&error)))?)
}

/// Reads the facts of a run from its `run.json`, where there is no record.
pub(crate) fn read_facts(path: &Path) -> Result<Head, Flaw> {
    #[derive(Deserialize)]
    struct Facts {
        #[serde(flatten)]
        head: Head,
    }
    let file = File::open(path).map_err(|error| Flaw::new(unreadable(&error)))?;
    let text = text(file)?;
    let facts: Facts = serde_json::from_str(&text)
        .map_err(|error| Flaw::new(format!("it does not tell of a run: {}", brief(&error))))?;
    Ok(facts.head)
}

fn text(from: impl Read) -> Result<String, Flaw> {
    let mut text = String::new();
    let mut bounded = from.take(MOST_TEXT + 1);
    bounded.read_to_string(&mut text).map_err(|error| Flaw::new(unreadable(&error)))?;
    if text.len() as u64 > MOST_TEXT {
        return Err(Flaw::new("it has more text than a record can have"));
    }
    Ok(text)
}

/// What is wrong with a JSON text, without the names of everything that would be right.
fn brief(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(", expected").next().unwrap_or_default();
    say::clean(said.split(" at line").next().unwrap_or_default())
}

fn decode<T: DeserializeOwned>(packed: impl Read) -> Result<T, Flaw> {
    let text = text(GzDecoder::new(io::BufReader::new(packed)))?;
    parse(&text)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Flaw> {
    let preface: Preface = serde_json::from_str(text).map_err(|error| {
        Flaw::new(match error.classify() {
            serde_json::error::Category::Data => "it is JSON, but no record of a run".to_owned(),
            _ => format!("it is no JSON: {}", say::clean(&error.to_string())),
        })
    })?;
    if preface.format != FORMAT {
        let why = format!("it is of format {}, and this program reads {FORMAT}", preface.format);
        return Err(foreign(&preface, why));
    }
    serde_json::from_str(text).map_err(|error| {
        foreign(&preface, format!("it does not read as a record: {}", brief(&error)))
    })
}

/// A record of another version, as far as it says so, or a damaged one.
fn foreign(preface: &Preface, why: String) -> Flaw {
    let ours = env!("CARGO_PKG_VERSION");
    let theirs = say::clean(&preface.record.head.version);
    let run = say::clean(&preface.reproduce.run);
    let again = if run.is_empty() {
        "run the scenario again; that writes a new one".to_owned()
    } else {
        format!("run it again: {run}")
    };
    if theirs.is_empty() || theirs == ours {
        return Flaw { why, help: again };
    }
    Flaw {
        why: format!("{why} (version {theirs} wrote it, this is {ours})"),
        help: format!("draw it with version {theirs}, or {again}"),
    }
}

/// Why a packed file could not be read.
fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => "it ends too early; a part of it is missing".to_owned(),
        ErrorKind::InvalidInput if error.get_ref().is_some() => {
            "it is damaged, or was not packed with gzip".to_owned()
        }
        _ => say::why(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rehearsal_protocols::catalog::CATALOG;
    use rehearsal_scenarios::{Request, load_text};
    use rehearsal_sim::plan::Watch;
    use rehearsal_sim::record::TraceRow;
    use serde_json::Value;

    use super::*;

    /// A small run that leaves something in every part of its record.
    fn record(bug: &[String]) -> Record {
        let text = b"title = \"A test\"\nprotocol = \"ping\"\nduration = \"1s\"\n\
            [workload]\nrate = \"50/s\"\n[network]\nloss = 0.1\n\
            [[fault]]\nat = \"200ms\"\ncrash = \"n1\"\nrestart_after = \"100ms\"\n\
            [[expect]]\nlinearizable = true\n";
        let request = Request { bug, ..Request::of("a test") };
        let loaded = load_text(text, &request, CATALOG)
            .unwrap_or_else(|report| panic!("{}", report.render(false)));
        (loaded.entry.run)(&loaded.plan, 1, &Watch::TRACED)
    }

    fn failed() -> Record {
        let record = record(&["stale-answer".to_owned()]);
        assert!(!record.head.violations.is_empty());
        record
    }

    fn reproduce() -> Reproduce {
        Reproduce { run: "rehearsal run a-test.toml".to_owned(), ..Reproduce::default() }
    }

    fn draw(packed: &[u8]) -> Result<String, Flaw> {
        let stored: Stored = decode(packed)?;
        Ok(rehearsal_reports::report(&stored.record, &stored.reproduce))
    }

    /// The JSON text in the file.
    fn unpacked(packed: &[u8]) -> String {
        text(GzDecoder::new(packed)).unwrap()
    }

    /// What is wrong with a record whose text was changed.
    fn why(text: &str) -> (String, String) {
        let flaw = draw(&pack(text.as_bytes()).unwrap()).expect_err(text);
        (flaw.why, flaw.help)
    }

    #[test]
    fn a_stored_record_gives_the_same_page() {
        for record in [record(&[]), failed()] {
            let packed = encode(&record, &reproduce());
            assert_eq!(packed, encode(&record, &reproduce()));
            let page = rehearsal_reports::report(&record, &reproduce());
            assert!(draw(&packed).unwrap() == page, "the pages differ");
        }
    }

    /// A violation early in a long trace, late, and in a trace that does not tell of it.
    #[test]
    fn the_rows_around_the_violation_are_kept() {
        let mut record = failed();
        let (broken, steps): (Vec<TraceRow>, Vec<TraceRow>) =
            record.trace.to_rows().into_iter().partition(|row| row.kind == RowKind::Violation);
        let violation = broken[0].clone();
        let many = |n: usize| steps.iter().cycle().take(n).cloned();
        for (before, after) in [(3, 5_000), (5_000, 3), (5_000, 5_000), (3, 3)] {
            let at_ns = violation.at_ns;
            let later = many(after).map(|row| TraceRow { at_ns: at_ns + 1, ..row });
            let mut rows: Vec<TraceRow> = many(before).collect();
            rows.push(violation.clone());
            rows.extend(later);
            record.trace = (0..).zip(rows).map(|(id, row)| TraceRow { id, ..row }).collect();
            let packed = encode(&record, &reproduce());
            let page = rehearsal_reports::report(&record, &reproduce());
            assert!(draw(&packed).unwrap() == page, "{before} rows before, {after} after");
            let stored: Stored = decode(&packed[..]).unwrap();
            let kept = before.min(ROWS_BEFORE - 1) + 1 + after.min(ROWS_AFTER);
            assert_eq!(stored.record.trace.len(), kept);
            assert_eq!(stored.rows_left_out, (before + 1 + after - kept) as u64);
            assert_eq!(stored.rows_kept.is_empty(), stored.rows_left_out == 0);
        }
    }

    #[test]
    fn what_is_wrong_with_a_record_is_told() {
        let packed = encode(&failed(), &reproduce());
        let text = unpacked(&packed);
        for end in [0, 5, 40, packed.len() / 2, packed.len() - 1] {
            let flaw = draw(&packed[..end]).unwrap_err();
            assert!(flaw.why.starts_with("it ends too early"), "{end}: {}", flaw.why);
        }
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        assert!(draw(&damaged).is_err());
        for (bytes, said) in [
            (&b"{}"[..], "it ends too early"),
            (b"<html>a page and no archive</html>", "not packed with gzip"),
        ] {
            let flaw = draw(bytes).unwrap_err();
            assert!(flaw.why.contains(said), "{}", flaw.why);
        }
        for (odd, said) in [
            ("[]", "it is JSON, but no record of a run"),
            ("{\"name\":\"left-pad\"}", "it is JSON, but no record of a run"),
            ("{\"format\":", "it is no JSON"),
            ("", "it is no JSON"),
            (&text[..text.len() - 1], "it is no JSON"),
        ] {
            assert!(why(odd).0.starts_with(said), "{}", why(odd).0);
        }
        let again = "run it again: rehearsal run a-test.toml";
        let newer = text.replacen("\"format\":1", "\"format\":2", 1);
        let said = "it is of format 2, and this program reads 1";
        assert_eq!(why(&newer), (said.to_owned(), again.to_owned()));
        let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
        let other = text.replacen(&version, "\"version\":\"9.9.9\",\"mood\":3", 1);
        let (said, help) = why(&other);
        assert!(
            said.starts_with("it does not read as a record: unknown field `mood` (version 9.9.9")
        );
        assert_eq!(help, format!("draw it with version 9.9.9, or {again}"));
    }

    #[test]
    fn a_bomb_is_no_record() {
        let endless = std::io::repeat(b' ');
        assert!(super::text(endless).unwrap_err().why.contains("more text"));
    }

    /// Pages are drawn again from records of older versions: a field that is added needs a default,
    /// and whatever else changes a higher [`FORMAT`], beside which this one stays readable.
    #[test]
    fn a_record_of_the_first_version_stays_readable() {
        let text = include_str!("../../tests/golden/record-1.json");
        let page =
            draw(&pack(text.as_bytes()).unwrap()).unwrap_or_else(|flaw| panic!("{}", flaw.why));
        for part in
            ["A record to be read for ever", "p99_at_most", "crash n1", "tiny.toml --seed 1"]
        {
            assert!(page.contains(part), "{part}");
        }
    }

    /// Where a number, text or part of a record is changed, and how.
    fn mutations() -> impl Strategy<Value = Vec<(u16, u8)>> {
        vec((any::<u16>(), any::<u8>()), 1..4)
    }

    /// Every place in a value that can be changed, in order.
    fn places(value: &mut Value) -> Vec<&mut Value> {
        let is_part = match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => true,
        };
        match value {
            part if is_part => vec![part],
            Value::Array(items) => items.iter_mut().flat_map(places).collect(),
            Value::Object(fields) => fields.values_mut().flat_map(places).collect(),
            _ => unreachable!("everything else is a part"),
        }
    }

    fn mutate(value: &mut Value, place: u16, how: u8) {
        let mut places = places(value);
        let at = usize::from(place) % places.len();
        let place = &mut *places[at];
        let text = ["", "leader", "🦀 <b>", "n1->n2 Ping#1", "fail", "down", "sync"];
        *place = match (&*place, how % 8) {
            (Value::Number(_), 0) => 0.into(),
            (Value::Number(_), 1) => u64::MAX.into(),
            (Value::Number(_), 2) => i64::MAX.into(),
            (Value::Number(number), 3) => number.as_u64().unwrap_or(9).saturating_mul(1_000).into(),
            (Value::Number(_), 4) => 1.into(),
            (Value::Number(_), 5) => (u64::from(how) << 55).into(),
            (Value::Number(_), 6) => Value::Null,
            (Value::Null, _) => u64::from(how).into(),
            (Value::String(_), _) => text[usize::from(how) % text.len()].into(),
            (Value::Bool(yes), _) => (!yes).into(),
            (_, _) => Value::Null,
        };
    }

    /// A record with a little of everything, so that changes hit all parts about as often.
    fn small() -> Value {
        let mut record = record(&[]);
        let failed = failed();
        record.head.violations = failed.head.violations;
        let rows = failed.trace.len();
        record.trace = failed.trace.stretch(rows.saturating_sub(12)..rows);
        let series = &mut record.series;
        for counts in [&mut series.called, &mut series.ok, &mut series.failed] {
            counts.truncate(8);
        }
        for latencies in [&mut series.p50_ns, &mut series.p99_ns, &mut series.max_ns] {
            latencies.truncate(8);
        }
        record.standings.truncate(8);
        record.latency_curve.truncate(8);
        let whole = !record.faults.is_empty() && record.standings.len() > 2;
        assert!(whole && !record.latency_curve.is_empty(), "{record:?}");
        serde_json::from_str(&unpacked(&encode(&record, &reproduce()))).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6_000) })]

        /// Whatever stands in a record, it is drawn or refused.
        #[test]
        fn changed_values_are_drawn_or_refused(changes in mutations()) {
            thread_local! { static SMALL: Value = small(); }
            let mut value = SMALL.with(Clone::clone);
            changes.iter().for_each(|(place, how)| mutate(&mut value, *place, *how));
            if let Ok(stored) = parse::<Stored>(&value.to_string()) {
                rehearsal_reports::report(&stored.record, &stored.reproduce);
            }
        }

        /// And so whatever became of the file.
        #[test]
        fn changed_bytes_are_drawn_or_refused(
            changes in vec((any::<u16>(), any::<u8>()), 1..8), packs in any::<bool>(), end in any::<u16>(),
        ) {
            thread_local! { static SMALL: String = small().to_string(); }
            let mut bytes = SMALL.with(|text| text.clone().into_bytes());
            if packs { bytes = pack(&bytes).unwrap(); }
            for (place, byte) in changes {
                let at = usize::from(place) % bytes.len();
                bytes[at] = byte;
            }
            if end % 4 == 0 { bytes.truncate(usize::from(end) % bytes.len()); }
            if !packs { bytes = pack(&bytes).unwrap(); }
            let _ = draw(&bytes);
        }
    }
}
