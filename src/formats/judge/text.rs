//! A key-value store whose values are texts, for histories that can not be taken apart.

use std::fmt;

use rehearsal_sim::service::{Accepts, Sequential};

/// The sequential specification of one key.
pub(super) struct TextModel;

/// What may be asked of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TextOp {
    Get { key: u64 },
    Put { key: u64, text: String },
    Append { key: u64, text: String },
    Cas { key: u64, from: String, to: String },
}

impl TextOp {
    pub(super) fn key(&self) -> u64 {
        match *self {
            TextOp::Get { key }
            | TextOp::Put { key, .. }
            | TextOp::Append { key, .. }
            | TextOp::Cas { key, .. } => key,
        }
    }
}

/// What it answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TextReply {
    Value(String),
    Done,
    Mismatch,
}

impl Sequential for TextModel {
    type Operation = TextOp;
    type Reply = TextReply;
    type State = String;

    fn initial() -> String {
        String::new()
    }

    fn apply(state: &String, operation: &TextOp) -> (String, TextReply) {
        match operation {
            TextOp::Get { .. } => (state.clone(), TextReply::Value(state.clone())),
            TextOp::Put { text, .. } => (text.clone(), TextReply::Done),
            TextOp::Append { text, .. } => (format!("{state}{text}"), TextReply::Done),
            TextOp::Cas { from, to, .. } if from == state => (to.clone(), TextReply::Done),
            TextOp::Cas { .. } => (state.clone(), TextReply::Mismatch),
        }
    }

    fn is_read(operation: &TextOp) -> bool {
        matches!(operation, TextOp::Get { .. })
    }

    fn is_blind_write(operation: &TextOp) -> bool {
        matches!(operation, TextOp::Put { .. })
    }

    fn is_always_legal(operation: &TextOp) -> bool {
        matches!(operation, TextOp::Put { .. } | TextOp::Append { .. })
    }

    fn accepts(operation: &TextOp, reply: &TextReply) -> Accepts<String> {
        match (operation, reply) {
            (TextOp::Get { .. }, TextReply::Value(value)) => Accepts::In(value.clone()),
            (TextOp::Cas { from, .. }, TextReply::Done) => Accepts::In(from.clone()),
            (TextOp::Cas { from, .. }, TextReply::Mismatch) => Accepts::NotIn(from.clone()),
            (TextOp::Put { .. } | TextOp::Append { .. }, TextReply::Done) => Accepts::Unknown,
            _ => Accepts::Nowhere,
        }
    }

    fn swaps(operation: &TextOp) -> Option<(String, String)> {
        match operation {
            TextOp::Cas { from, to, .. } => Some((from.clone(), to.clone())),
            _ => None,
        }
    }
}

impl fmt::Debug for TextOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextOp::Get { key } => write!(f, "get(k{key})"),
            TextOp::Put { key, text } => write!(f, "put(k{key}, {text:?})"),
            TextOp::Append { key, text } => write!(f, "append(k{key}, {text:?})"),
            TextOp::Cas { key, from, to } => write!(f, "cas(k{key}, {from:?} -> {to:?})"),
        }
    }
}

impl fmt::Debug for TextReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextReply::Value(value) => write!(f, "{value:?}"),
            TextReply::Done => f.write_str("ok"),
            TextReply::Mismatch => f.write_str("mismatch"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_keeps_its_promises() {
        let texts = ["", "a", "b", "ab", "aa"].map(str::to_owned);
        let mut operations = vec![TextOp::Get { key: 0 }];
        for from in &texts {
            let text = from.clone();
            operations.push(TextOp::Put { key: 0, text: text.clone() });
            operations.push(TextOp::Append { key: 0, text });
            for to in &texts {
                operations.push(TextOp::Cas { key: 0, from: from.clone(), to: to.clone() });
            }
        }
        rehearsal_sim::check::check_promises::<TextModel>(&texts, &operations);
    }
}
