//! The model of a history that names none.

use std::collections::BTreeSet;

use super::super::source::{Source, shown};
use super::super::{Ending, ReadError, Recorded, Value};
use super::catalog::{MODELS, Model};

/// The model that the history says it is of, or that its operations leave as the one choice.
pub(super) fn model(source: &Source<'_>, recorded: &Recorded) -> Result<Model, ReadError> {
    let told = recorded.manifest.as_ref().and_then(|manifest| manifest.model.as_ref());
    let choices = || MODELS.iter().map(|info| info.name).collect::<Vec<_>>().join(", ");
    if let Some(name) = told.or(recorded.model.as_ref()) {
        return Model::named(name).ok_or_else(|| {
            let what =
                format!("this history says it is of `{}`, and there is no such model", shown(name));
            source.error(0, what, format!("say which with --model; there are {}", choices()))
        });
    }
    by_operations(recorded).ok_or_else(|| {
        let names: BTreeSet<&str> =
            recorded.operations.iter().map(|operation| operation.f.as_str()).take(1000).collect();
        let names: Vec<String> = names.into_iter().take(6).map(shown).collect();
        let what = match names[..] {
            [] => "there are no operations to tell the model by".to_owned(),
            _ => format!("operations named {} leave more than one model", names.join(", ")),
        };
        source.error(0, what, format!("say which with --model; there are {}", choices()))
    })
}

fn by_operations(recorded: &Recorded) -> Option<Model> {
    let operations = &recorded.operations;
    let names: BTreeSet<&str> = operations.iter().map(|operation| operation.f.as_str()).collect();
    let has = |name: &str| names.contains(name);
    let only = |allowed: &[&str]| names.iter().all(|name| allowed.contains(name));
    if names.is_empty() {
        return None;
    }
    if has("append") && only(&["get", "put", "append", "cas", "read", "write"]) {
        return Some(Model::Kv);
    }
    if only(&["get", "put", "cas"]) && operations.iter().any(|operation| operation.key.is_some()) {
        return Some(Model::Kv);
    }
    if (has("write") || has("cas")) && only(&["read", "write", "cas"]) {
        return Some(Model::Register);
    }
    if (has("enqueue") || has("enq")) && only(&["enqueue", "dequeue", "enq", "deq"]) {
        return Some(Model::Queue);
    }
    if has("push") && only(&["push", "pop"]) {
        return Some(Model::Stack);
    }
    if only(&["acquire", "release"]) {
        return Some(Model::Mutex);
    }
    if has("add")
        && (has("contains") || has("remove"))
        && only(&["add", "contains", "remove", "read"])
    {
        return Some(Model::Set);
    }
    let reads_numbers = operations.iter().all(|operation| {
        let is_number = matches!(&operation.ending, Ending::Ok(Value::Int(_)));
        operation.f != "read" || is_number || !matches!(operation.ending, Ending::Ok(_))
    });
    if has("add") && has("read") && only(&["add", "read"]) && reads_numbers {
        return Some(Model::Counter);
    }
    None
}
