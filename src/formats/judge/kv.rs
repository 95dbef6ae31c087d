//! Key-value stores: get, put, append, compare-and-set.
//!
//! A value is what was put and what was appended to it since. Where every text that was read is put
//! together from written ones in one way only, values are sequences of these, which are cheap to
//! judge; where it is not, they are texts.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_protocols::parts::kv::{KeyValueModel, Operation as Kv, Reply, Value as Tokens};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::Outcome;

use super::text::{TextModel, TextOp, TextReply};
use super::{Case, Finding, in_order, outcome};
use crate::formats::judge::catalog::Dialect;
use crate::formats::{Ending, Operation, ReadError, Value};

/// What an operation asks for.
enum Asked<'o> {
    Get,
    Put(&'o Value),
    Append(&'o Value),
    Cas(&'o Value, &'o Value),
}

/// What was written to a key, as texts.
type Written = BTreeMap<Option<Value>, BTreeSet<String>>;

impl Case<'_> {
    pub(super) fn kv(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let mut written = Written::new();
        let mut appends = false;
        for operation in &recorded.operations {
            let asked = self.asked(operation)?;
            appends |= matches!(asked, Asked::Append(_));
            if let Asked::Put(value) | Asked::Append(value) | Asked::Cas(_, value) = asked
                && let Value::Text(text) = value
            {
                written.entry(operation.key.clone()).or_default().insert(text.clone());
            }
        }
        if appends && !self.is_taken_apart(&written)? {
            return self.kv_texts();
        }
        self.kv_tokens(appends, &written)
    }

    fn asked<'o>(&self, operation: &'o Operation) -> Result<Asked<'o>, ReadError> {
        let argument = &operation.argument;
        let asked = match operation.f.as_str() {
            "get" | "read" | "r" => return Ok(Asked::Get),
            "put" | "write" | "w" | "set" => Asked::Put(argument),
            "append" => Asked::Append(argument),
            "cas" | "compare-and-set" => match argument.items() {
                Some([from, to]) => Asked::Cas(from, to),
                _ => {
                    let what =
                        "a cas has the value it expects and the one it writes: [\"a\" \"b\"]";
                    return Err(self.meaningless(operation, what));
                }
            },
            _ => return Err(self.unknown(operation)),
        };
        if let Asked::Put(Value::Nil) | Asked::Append(Value::Nil) | Asked::Cas(_, Value::Nil) =
            asked
        {
            return Err(self.meaningless(operation, "this write has no value"));
        }
        Ok(asked)
    }

    /// Whether every text in the history is put together from written ones in one way at most.
    fn is_taken_apart(&self, written: &Written) -> Result<bool, ReadError> {
        let none = BTreeSet::new();
        for operation in &self.recorded.operations {
            let parts = written.get(&operation.key).unwrap_or(&none);
            let is_one = |value: &Value| match value {
                Value::Text(text) => text.is_empty() || parts.contains(text),
                _ => true,
            };
            let is_fine = match (self.asked(operation)?, &operation.ending) {
                (Asked::Get, Ending::Ok(Value::Text(text))) => take_apart(text, parts).is_ok(),
                (Asked::Append(Value::Text(text)) | Asked::Put(Value::Text(text)), _) => {
                    !text.is_empty()
                }
                (Asked::Cas(from, to), _) => is_one(from) && is_one(to),
                _ => true,
            };
            if !is_fine {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Values as sequences of what was written.
    fn kv_tokens(&mut self, appends: bool, written: &Written) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let none = BTreeSet::new();
        let mut calls: Vec<Call<Kv, Reply>> = Vec::new();
        for operation in &recorded.operations {
            let key = operation.key.as_ref().map_or(0, |key| self.names.number(key));
            let parts = written.get(&operation.key).unwrap_or(&none);
            let (kv, outcome) = match self.asked(operation)? {
                Asked::Get => {
                    let said = match &operation.ending {
                        Ending::Ok(value) if self.says_something(value) => value,
                        _ => continue,
                    };
                    let tokens = self.tokens(said, appends, parts);
                    (Kv::Get { key }, Outcome::Ok(Reply::Value(Tokens::of(&tokens))))
                }
                Asked::Put(value) => {
                    let token = self.names.number(value);
                    (Kv::Put { key, token }, outcome(&operation.ending, |_| Reply::Done))
                }
                Asked::Append(value) => {
                    let token = self.names.number(value);
                    (Kv::Append { key, token }, outcome(&operation.ending, |_| Reply::Done))
                }
                Asked::Cas(from, to) => {
                    let empty = from.is_nil() || *from == Value::Text(String::new());
                    let expected = (!empty).then(|| self.names.number(from));
                    let token = self.names.number(to);
                    let outcome = match self.cas_mismatch(&operation.ending) {
                        true => Outcome::Ok(Reply::Mismatch),
                        false => outcome(&operation.ending, |_| Reply::Done),
                    };
                    (Kv::Cas { key, expected, token }, outcome)
                }
            };
            let call = self.call(calls.len(), operation, kv, outcome);
            calls.push(call);
        }
        if let Some(value) = self.question.initial.clone().filter(|value| !value.is_nil()) {
            let token = self.names.number(&value);
            let keys = |kv: &Kv| rehearsal_sim::service::Operation::object(kv);
            let keys: BTreeSet<u64> = calls.iter().map(|call| keys(&call.operation)).collect();
            for key in keys {
                let call = self.before(Kv::Put { key, token }, Reply::Done);
                calls.push(call);
            }
        }
        let history = in_order(calls);
        Ok(self.objects::<KeyValueModel>(&history, rehearsal_sim::service::Operation::object))
    }

    /// Whether what was read says what was there.
    fn says_something(&self, value: &Value) -> bool {
        !value.is_nil() || self.dialect == Dialect::Porcupine
    }

    fn tokens(&mut self, value: &Value, appends: bool, parts: &BTreeSet<String>) -> Vec<u64> {
        match value {
            Value::Nil => Vec::new(),
            Value::Text(text) if text.is_empty() => Vec::new(),
            Value::Text(text) if appends => match take_apart(text, parts) {
                Ok(Some(found)) => {
                    found.into_iter().map(|part| self.names.number(&Value::Text(part))).collect()
                }
                // Nobody wrote it.
                _ => vec![self.names.number(value)],
            },
            Value::List(items) => items.iter().map(|item| self.names.number(item)).collect(),
            other => vec![self.names.number(other)],
        }
    }

    /// Values as texts.
    fn kv_texts(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let note = "what was read can be put together from written values in several ways: values \
                    are compared as texts, which takes longer";
        self.notes.push(note.to_owned());
        let text = |value: &Value| match value {
            Value::Nil => String::new(),
            Value::Text(text) => text.clone(),
            other => other.edn(),
        };
        let mut calls: Vec<Call<TextOp, TextReply>> = Vec::new();
        for operation in &recorded.operations {
            let key = operation.key.as_ref().map_or(0, |key| self.names.number(key));
            let done = outcome(&operation.ending, |_| TextReply::Done);
            let (asked, outcome) = match self.asked(operation)? {
                Asked::Get => {
                    let said = match &operation.ending {
                        Ending::Ok(value) if self.says_something(value) => text(value),
                        _ => continue,
                    };
                    (TextOp::Get { key }, Outcome::Ok(TextReply::Value(said)))
                }
                Asked::Put(value) => (TextOp::Put { key, text: text(value) }, done),
                Asked::Append(value) => (TextOp::Append { key, text: text(value) }, done),
                Asked::Cas(from, to) => {
                    let outcome = match self.cas_mismatch(&operation.ending) {
                        true => Outcome::Ok(TextReply::Mismatch),
                        false => done,
                    };
                    (TextOp::Cas { key, from: text(from), to: text(to) }, outcome)
                }
            };
            let call = self.call(calls.len(), operation, asked, outcome);
            calls.push(call);
        }
        let first = self.question.initial.as_ref().filter(|value| !value.is_nil()).map(text);
        if let Some(first) = first {
            let keys: BTreeSet<u64> = calls.iter().map(|call| call.operation.key()).collect();
            for key in keys {
                let put = TextOp::Put { key, text: first.clone() };
                let call = self.before(put, TextReply::Done);
                calls.push(call);
            }
        }
        let history = in_order(calls);
        Ok(self.objects::<TextModel>(&history, TextOp::key))
    }
}

/// Takes a text apart into written ones. `None` if there is no way, an error if there are several.
fn take_apart(text: &str, parts: &BTreeSet<String>) -> Result<Option<Vec<String>>, ()> {
    let lengths: BTreeSet<usize> = parts.iter().map(String::len).filter(|len| *len > 0).collect();
    // How many ways lead to each byte, up to two, and the length of the last part.
    let mut ways = vec![(0_u8, 0_usize); text.len() + 1];
    ways[0].0 = 1;
    for from in 0..text.len() {
        let count = ways[from].0;
        if count == 0 {
            continue;
        }
        for length in &lengths {
            let Some(part) = text.get(from..from + length) else { continue };
            if parts.contains(part) {
                let end = &mut ways[from + length];
                *end = (end.0.saturating_add(count).min(2), *length);
            }
        }
    }
    match ways[text.len()].0 {
        0 => return Ok(None),
        1 => {}
        _ => return Err(()),
    }
    let mut found = Vec::new();
    let mut end = text.len();
    while end > 0 {
        let begin = end - ways[end].1;
        found.push(text[begin..end].to_owned());
        end = begin;
    }
    found.reverse();
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart_where_there_is_one_way() {
        let parts: BTreeSet<String> = ["x1y", "x12y", "ab", "a", "b"].map(str::to_owned).into();
        let apart = |text| take_apart(text, &parts);
        assert_eq!(apart("x12yx1y"), Ok(Some(vec!["x12y".to_owned(), "x1y".to_owned()])));
        assert_eq!(apart(""), Ok(Some(Vec::new())));
        assert_eq!(apart("x1yq"), Ok(None));
        assert_eq!(apart("x1yab"), Err(()));
    }
}
