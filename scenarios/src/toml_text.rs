//! Writing values as TOML: one in a line, and a whole scenario as a file.

use serde_json::{Map, Value};

use crate::language::SECTIONS;

/// The keys of the top level, in the order in which they tell what a scenario is.
const TOP: [&str; 6] = ["title", "protocol", "bug", "duration", "heal", "seed"];
/// The keys of a fault that say when, before the others.
const WHEN: [&str; 7] = ["at", "every", "on", "after", "times", "until", "for"];

/// A key, in quotes where TOML wants them.
pub(crate) fn key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { string(key) }
}

/// A value; tables are written inline, and what is not there (`null`) is left out of them.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let entries: Vec<String> = table
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{} = {}", key(name), self::value(value)))
                .collect();
            if entries.is_empty() { "{}".into() } else { format!("{{ {} }}", entries.join(", ")) }
        }
    }
}

/// A basic string. TOML knows the escapes of JSON, except that it wants the delete character
/// escaped as well.
fn string(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A scenario as a file: the top level, the tables, and the lists of tables, each in the order of the
/// language.
pub(crate) fn document(scenario: &Map<String, Value>) -> String {
    let mut page = String::new();
    let is_list = |value: &Value| {
        value
            .as_array()
            .is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
    };
    let is_plain = |value: &Value| !value.is_object() && !is_list(value);
    let mut plain: Vec<(&String, &Value)> =
        scenario.iter().filter(|(_, value)| is_plain(value)).collect();
    plain.sort_by_key(|(key, _)| place(&TOP, key));
    for (key, value) in plain {
        if !value.as_array().is_some_and(Vec::is_empty) {
            page += &line(key, value);
        }
    }
    let section = |key: &str| SECTIONS.iter().position(|name| *name == key).unwrap_or(1);
    let mut tables: Vec<&String> =
        scenario.keys().filter(|key| scenario[*key].is_object()).collect();
    tables.sort_by_key(|key| section(key));
    for name in tables {
        page += &format!("\n[{}]\n", key(name));
        let keys = scenario[name].as_object().expect("only tables").iter();
        for (key, value) in keys.filter(|(_, value)| !value.is_null()) {
            page += &line(key, value);
        }
    }
    let mut lists: Vec<&String> = scenario.keys().filter(|key| is_list(&scenario[*key])).collect();
    lists.sort_by_key(|key| section(key));
    for name in lists {
        for item in scenario[name].as_array().expect("only lists") {
            page += &format!("\n[[{}]]\n", key(name));
            let mut keys: Vec<(&String, &Value)> = item.as_object().into_iter().flatten().collect();
            keys.sort_by_key(|(key, _)| place(&WHEN, key));
            keys.into_iter().for_each(|(key, value)| page += &line(key, value));
        }
    }
    page
}

/// A key with its value, as a line.
fn line(name: &str, content: &Value) -> String {
    format!("{} = {}\n", key(name), value(content))
}

/// Where a key stands among those that have a place; all others come after them.
fn place(order: &[&str], key: &str) -> usize {
    order.iter().position(|known| *known == key).unwrap_or(order.len())
}
