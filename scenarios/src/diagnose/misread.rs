//! What serde says about a value, in the words of this house. Serde's wording is known here and
//! nowhere else.

use serde_json::Value;

use crate::language;
use crate::report::Finding;
use crate::suggest;
use crate::tree::{Data, Path, Step, Tree};

/// The key that nobody reads, where this is the complaint.
pub(crate) fn unknown_field(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `").or(message.strip_prefix("unknown law `"))?;
    let end = rest.find("`, expected").or_else(|| rest.find("`, there are no fields"))?;
    Some(&rest[..end])
}

/// The key that has to be there, where this is the complaint.
pub(crate) fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The finding for what serde says about the value at `at`. `known` are keys of the same table that
/// serde does not know about.
pub(crate) fn misread(tree: &Tree, at: &Path, message: &str, known: &[&str]) -> Finding {
    if let Some(field) = unknown_field(message) {
        let table = match at.split_last() {
            Some((parent, Step::Key(last))) if last == field => parent,
            _ => at.clone(),
        };
        let mut candidates = expected_names(message);
        candidates.extend(known);
        return unknown_key(tree, &table, field, &candidates);
    }
    if let Some(field) = missing_field(message) {
        return missing_key(tree, at, field);
    }
    if let Some(rest) = message.strip_prefix("unknown variant `")
        && let Some((word, _)) = rest.split_once("`, expected")
    {
        return unknown_word(tree, at, word, &expected_names(message));
    }
    for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(prefix)
            && let Some((_, expected)) = rest.split_once(", expected ")
        {
            return wrong_value(tree, at, expected);
        }
    }
    sentence(tree, at, message)
}

/// The names that serde would have taken: those in backticks behind the last "expected".
pub(crate) fn expected_names(message: &str) -> Vec<&str> {
    let list = message.rsplit_once("`, expected").map_or("", |(_, list)| list);
    list.split('`').skip(1).step_by(2).collect()
}

/// A key that does not exist.
pub(crate) fn unknown_key(tree: &Tree, table: &Path, key: &str, candidates: &[&str]) -> Finding {
    let place = place(table);
    let here = if table.0.is_empty() { format!("at {place}") } else { format!("in {place}") };
    let mut names: Vec<&str> = Vec::new();
    for name in candidates {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let near = suggest::nearest(key, names.iter().copied());
    let finding =
        Finding::error(tree.key_site(&table.key(key)), format!("unknown key `{key}` {here}"));
    let finding = match (near, language::home_of(key)) {
        (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
        (None, Some("")) if !table.0.is_empty() => finding
            .help(format!("`{key}` belongs to the top level: move it above the first [table]")),
        (None, Some(home)) if table.0.is_empty() => {
            finding.help(format!("`{key}` belongs into {home}"))
        }
        _ => finding,
    };
    match names.as_slice() {
        [] => finding.help(format!("{place} has no keys")),
        names => finding.help(format!("{place} knows {}", suggest::list(names.iter().copied()))),
    }
}

fn missing_key(tree: &Tree, table: &Path, key: &str) -> Finding {
    let here = place(table);
    let finding = Finding::error(tree.site(table), format!("{here} lacks the key `{key}`"));
    match language::example_of(table, key) {
        Some(example) => finding.help(format!("add {example}")),
        None => finding,
    }
}

fn unknown_word(tree: &Tree, at: &Path, word: &str, candidates: &[&str]) -> Finding {
    let near = suggest::nearest(word, candidates.iter().copied());
    Finding::error(tree.site(at), format!("{} can not be \"{word}\"", last_key(at)))
        .help_if(near.map(|near| format!("did you mean \"{near}\"?")))
        .help(format!("it is one of {}", suggest::list(candidates.iter().copied())))
}

fn wrong_value(tree: &Tree, at: &Path, expected: &str) -> Finding {
    let Some(value) = tree.at(at) else {
        return Finding::error(tree.site(at), format!("expected {}", plain_words(expected)));
    };
    let found = describe(value);
    let wanted = plain_words(expected);
    Finding::error(value.site.clone(), format!("expected {wanted}, found {found}"))
        .help_if(cure(at, value, expected))
}

/// A sentence of ours that came through serde; what follows its last colon is the cure.
fn sentence(tree: &Tree, at: &Path, message: &str) -> Finding {
    let (what, help) = split_cure(message);
    let help = help.or(what.ends_with("ends before it begins").then_some("exchange its ends"));
    let finding = Finding::error(tree.site(at), what).help_if(help.map(str::to_owned));
    match tree.at(at) {
        Some(value) if !what.contains("drift") => finding.help_if(percentage(value)),
        Some(_) => finding,
        None => finding,
    }
}

/// Splits `what is wrong: what to do`.
pub(crate) fn split_cure(message: &str) -> (&str, Option<&str>) {
    const CURES: [&str; 10] = [
        "write",
        "name",
        "remove",
        "raise",
        "lower",
        "use",
        "make",
        "exchange",
        "0.99 is",
        "for no time",
    ];
    for separator in [": ", "; "] {
        if let Some((what, cure)) = message.rsplit_once(separator)
            && CURES.iter().any(|verb| cure.starts_with(verb))
        {
            return (what, Some(cure));
        }
    }
    // The units of a duration are listed behind a colon of their own.
    match message.split_once(": write ") {
        Some((what, _)) => (what, Some(&message[what.len() + 2..])),
        None => (message, None),
    }
}

/// What serde calls types, in words.
fn plain_words(expected: &str) -> String {
    match expected {
        "a boolean" => "`true` or `false`".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not below 0".into(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a map" => "a table".into(),
        "a sequence" => "a list".into(),
        "a string" | "string or map" => "a string".into(),
        _ if expected.starts_with("struct ") => "a table".into(),
        _ => expected.to_owned(),
    }
}

/// What stands in the text, in words.
pub(crate) fn describe(tree: &Tree) -> String {
    match &tree.data {
        Data::List(_) => "a list".into(),
        Data::Table(_) => "a table".into(),
        Data::Scalar(Value::String(text)) => format!("the string {text:?}"),
        Data::Scalar(Value::Bool(flag)) => format!("`{flag}`"),
        Data::Scalar(number) => format!("the number {number}"),
    }
}

fn cure(at: &Path, value: &Tree, expected: &str) -> Option<String> {
    let key = last_key(at);
    match &value.data {
        _ if key == "`partition`" => {
            Some("write each group as a list: [[\"n1\", \"n2\"], [\"n3\"]]".into())
        }
        _ if expected == "a boolean" && at.0.first() == Some(&Step::Key("expect".into())) => {
            Some(format!("write {} = true", key.trim_matches('`')))
        }
        Data::Scalar(Value::Number(n)) if expected.contains("drift") => {
            Some(format!("write parts per million, like \"{n}ppm\""))
        }
        Data::Scalar(Value::Number(n)) if expected.contains("duration") => {
            Some(format!("write a number and a unit, like \"{n}ms\" or \"{n}s\""))
        }
        Data::Scalar(Value::Number(n)) if expected.contains("rate") => {
            Some(format!("write a number and a unit, like \"{n}/s\""))
        }
        Data::Scalar(Value::Number(n)) if expected == "a string" => {
            Some(format!("put it in quotes: \"{n}\""))
        }
        Data::Scalar(Value::String(text)) => {
            let text = text.trim();
            let number = text.parse::<f64>().is_ok() && !expected.contains("duration");
            if number || matches!(text, "true" | "false") {
                return Some(format!("write {text} without quotes"));
            }
            percentage(value)
        }
        Data::Table(_) if expected == "a sequence" => {
            let key = key.trim_matches('`');
            Some(format!("write a list: `{key} = [ ... ]`, or `[[{key}]]` for a table in a list"))
        }
        _ => None,
    }
}

/// A share of a hundred, in the text or as a number above one.
fn percentage(value: &Tree) -> Option<String> {
    let Data::Scalar(scalar) = &value.data else { return None };
    let percent = match scalar {
        Value::String(text) => text.trim().strip_suffix('%')?.trim().parse::<f64>().ok()?,
        Value::Number(number) => number.as_f64().filter(|n| *n > 1.0)?,
        _ => return None,
    };
    let share = format!("{:.12}", percent / 100.0);
    let share = share.trim_end_matches('0').trim_end_matches('.');
    (0.0..=100.0).contains(&percent).then(|| format!("{percent} percent is written {share}"))
}

fn last_key(at: &Path) -> String {
    let key = at.0.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    format!("`{}`", key.unwrap_or("this"))
}

/// What a table is called: `[network]`, `[[fault]]`, `the top level`.
pub(crate) fn place(table: &Path) -> String {
    let keys: Vec<&str> = table
        .0
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    match (keys.as_slice(), table.0.last()) {
        ([], _) => "the top level".to_owned(),
        (["fault" | "expect", .., inner], Some(Step::Key(_))) => format!("`{inner}`"),
        (keys, Some(Step::Index(_))) => format!("[[{}]]", keys.join(".")),
        (keys, _) => format!("[{}]", keys.join(".")),
    }
}
