//! A scenario while it is made smaller: plain data, of which parts are taken out and put in.

use rehearsal_sim::time::Span;
use serde_json::{Map, Value, json};

use crate::toml_text;

/// The text of a scenario as a tree. Each change gives another draft; nothing is changed in place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft(Map<String, Value>);

impl Draft {
    /// The draft of a scenario that was read: a table.
    pub(super) fn new(whole: &Value) -> Draft {
        Draft(whole.as_object().cloned().unwrap_or_default())
    }

    pub(super) fn text(&self) -> String {
        toml_text::document(&self.0)
    }

    /// The names of the tables, and of keys of the top level.
    pub(super) fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// The value at the end of a way through tables.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, key| value.get(key))
    }

    /// The keys of a table.
    pub(super) fn keys_of(&self, path: &[&str]) -> Vec<String> {
        let table = self.get(path).and_then(Value::as_object);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn span(&self, path: &[&str]) -> Option<Span> {
        span(self.get(path)?)
    }

    /// The same with another value; tables on the way are made where they are missing.
    pub(super) fn with(&self, path: &[&str], value: Value) -> Draft {
        let mut draft = self.clone();
        put(&mut draft.0, path, value);
        draft
    }

    /// The same without a value, and without the table it was the last of; `None` where there is
    /// nothing to take away.
    pub(super) fn without(&self, path: &[&str]) -> Option<Draft> {
        self.get(path)?;
        let mut draft = self.clone();
        remove(&mut draft.0, path);
        Some(draft)
    }

    /// The faults, in the order of the file.
    pub(super) fn faults(&self) -> Vec<Map<String, Value>> {
        let faults = self.0.get("fault").and_then(Value::as_array);
        let tables = faults.into_iter().flatten().filter_map(Value::as_object);
        tables.cloned().collect()
    }

    pub(super) fn with_faults(&self, faults: Vec<Map<String, Value>>) -> Draft {
        let mut draft = self.clone();
        let faults: Vec<Value> = faults.into_iter().map(Value::Object).collect();
        match faults.is_empty() {
            true => draft.0.remove("fault"),
            false => draft.0.insert("fault".to_owned(), Value::Array(faults)),
        };
        draft
    }

    /// The same with another fault in the place of one.
    pub(super) fn with_fault(&self, place: usize, fault: Map<String, Value>) -> Draft {
        let mut faults = self.faults();
        faults[place] = fault;
        self.with_faults(faults)
    }
}

fn put(table: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert((*first).to_owned(), value);
        return;
    }
    let below = table.entry(*first).or_insert_with(|| json!({}));
    if let Some(below) = below.as_object_mut() {
        put(below, rest, value);
    }
}

fn remove(table: &mut Map<String, Value>, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let (false, Some(Value::Object(below))) = (rest.is_empty(), table.get_mut(*first)) {
        remove(below, rest);
        if !below.is_empty() {
            return;
        }
    }
    table.remove(*first);
}

/// A value that is a duration.
pub(super) fn span(value: &Value) -> Option<Span> {
    Span::parse(value.as_str()?).ok()
}

/// A duration as scenarios write it.
pub(super) fn written(nanos: u64) -> Value {
    // 1500ms is 1.5s for people, and the same for the language.
    let (units, exact) = ([(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")], Span(nanos));
    for (unit, name) in units {
        let (whole, rest) = (nanos / unit, nanos % unit);
        if whole > 0 && rest.is_multiple_of(unit / 1_000) {
            let decimals = format!("{:03}", rest / (unit / 1_000));
            let decimals = decimals.trim_end_matches('0');
            let dot = if decimals.is_empty() { "" } else { "." };
            return json!(format!("{whole}{dot}{decimals}{name}"));
        }
    }
    serde_json::to_value(exact).expect("a span is a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_and_go() {
        let draft = Draft::new(&json!({ "duration": "5s", "disk": { "torn": 1 }, "fault": [] }));
        assert_eq!(draft.span(&["duration"]), Some(Span::secs(5)));
        let without = draft.without(&["disk", "torn"]).expect("it is there");
        assert_eq!(without.keys(), ["duration", "fault"]);
        assert_eq!(draft.without(&["disk", "survives"]), None);
        let with = without.with(&["cluster", "servers"], json!(3));
        assert_eq!(with.get(&["cluster", "servers"]), Some(&json!(3)));
        assert_eq!(with.with_faults(Vec::new()).keys(), ["cluster", "duration"]);
    }

    #[test]
    fn durations_are_written_exactly() {
        for (nanos, text) in [
            (0, "0s"),
            (1_500_000_000, "1.5s"),
            (4_837_200_000, "4837.2ms"),
            (4_837_000_000, "4.837s"),
            (330_090_000, "330.09ms"),
            (330_090_001, "330090.001us"),
            (15_200, "15.2us"),
        ] {
            assert_eq!(written(nanos), json!(text));
            assert_eq!(span(&json!(text)), Some(Span(nanos)), "{text}");
        }
    }
}
