//! The reference of the language as a page: every key with its type, range, default and meaning,
//! written from the schema.

use rehearsal_sim::catalog::Entry;
use serde_json::Value;

use crate::language::SECTIONS;
use crate::schema::{ORDER, follow, keys, schema};
use crate::toml_text;

const INTRODUCTION: &str = "\
# Scenario reference

This page is generated from the code that reads scenarios; `scenario.schema.json` says the same to
editors. A scenario is a TOML file. It needs `protocol` and `duration`; everything else has a default
or can be left out. Every duration is a string with its unit. Unknown keys are errors.

On the command line `--set network.loss=0.05` sets a key (the value is TOML, or else a string without
quotes; `fault[0].at=3s` reaches into lists), `--bug` replaces `bug`, `--seed` wins over `seed`.
Of a file, what it `extends` and `--set`, the later one wins, key by key; lists are replaced.
";

const LAWS: &str = "
### Laws

A law is a table of one key, wherever a key takes one. Draws are whole nanoseconds, the same on every
machine. Quantiles are within 0.1 % (or a nanosecond) from one draw in a million to all but one in a
million, means within 0.01 %.

| Law | Of | Meaning | Example |
|---|---|---|---|
";

/// The definitions that many keys share, in the order of the page.
const VALUES: [(&str, &str); 14] = [
    ("Duration", "duration"),
    ("DurationRange", "duration or range"),
    ("Law", "law"),
    ("KeyLaw", "keys"),
    ("Offset", "offset"),
    ("Drift", "drift"),
    ("OffsetRange", "offset or range"),
    ("DriftRange", "drift or range"),
    ("Chance", "chance"),
    ("Rate", "rate"),
    ("Bandwidth", "bandwidth"),
    ("Size", "size"),
    ("Window", "window"),
    ("Names", "names"),
];

/// The page, in Markdown.
pub fn reference(catalog: &[Entry]) -> String {
    let root = schema(catalog);
    let mut page = String::from(INTRODUCTION);
    values(&mut page, &root);
    laws(&mut page, &root);
    heading(&mut page, 2, "The top level", &root);
    let is_table =
        |key: &str| SECTIONS.contains(&key) || catalog.iter().any(|entry| entry.name == key);
    table(&mut page, &root, rows(&root, &root, &Value::Null, "", &|key| !is_table(key)));
    for name in SECTIONS {
        let section = &root["properties"][name];
        let named = &section["additionalProperties"];
        let (title, inner) = match &section["items"] {
            Value::Null if named[ORDER].is_array() => (format!("`[{name}.n3]`"), named),
            Value::Null => (format!("`[{name}]`"), section),
            items => (format!("`[[{name}]]`"), items),
        };
        let property = |key: &str| {
            catalog.iter().flat_map(|entry| (entry.invariants)()).any(|info| info.name == key)
        };
        heading(&mut page, 2, &title, inner);
        if inner["properties"].is_null() {
            examples(&mut page, name, inner);
            continue;
        }
        let keep = |key: &str| key != "link" && !(name == "expect" && property(key));
        table(&mut page, &root, rows(&root, inner, &Value::Null, "", &keep));
        let links = &inner["properties"]["link"]["items"];
        if !links.is_null() {
            heading(&mut page, 3, &format!("`[[{name}.link]]`"), links);
            table(&mut page, &root, rows(&root, links, &Value::Null, "", &|_| true));
        }
    }
    for entry in catalog {
        protocol(&mut page, &root, entry);
    }
    page
}

fn values(page: &mut String, root: &Value) {
    page.push_str("\n## Values\n\n| Type | Meaning | Examples |\n|---|---|---|\n");
    for (definition, name) in VALUES {
        let schema = &root["$defs"][definition];
        if schema.is_null() {
            continue;
        }
        let examples: Vec<String> = schema["examples"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|example| format!("`{}`", toml_text::value(example)))
            .collect();
        page.push_str(&format!(
            "| {name} | {} | {} |\n",
            text(&schema["description"]),
            examples.join(", ")
        ));
    }
}

/// The kinds of laws, each with its parameters.
fn laws(page: &mut String, root: &Value) {
    page.push_str(LAWS);
    for definition in ["Law", "KeyLaw"] {
        let choices = root["$defs"][definition]["oneOf"].as_array().into_iter().flatten();
        for choice in choices.filter(|choice| choice["examples"].is_array()) {
            for (name, law) in choice["properties"].as_object().into_iter().flatten() {
                let of = if definition == "KeyLaw" { "keys" } else { "law" };
                page.push_str(&format!(
                    "| `{name}` | {of} | {} | `{}` |\n",
                    text(&law["description"]),
                    toml_text::value(&choice["examples"][0])
                ));
            }
        }
    }
}

fn protocol(page: &mut String, root: &Value, entry: &Entry) {
    page.push_str(&format!("\n## `[{}]`\n\n{}\n", entry.name, entry.summary));
    let defaults = (entry.config_default)();
    let section = follow(root, &root["properties"][entry.name]);
    let rows = rows(root, section, &defaults, "", &|_| true);
    if !rows.is_empty() {
        page.push('\n');
        table(page, root, rows);
    }
    page.push('\n');
    let roles: Vec<String> = (entry.roles)()
        .iter()
        .map(|role| format!("`{}` ({})", role.plural, role.default_count))
        .collect();
    page.push_str(&format!("- Roles, with their default numbers: {}\n", roles.join(", ")));
    if !entry.operations.is_empty() {
        page.push_str(&format!(
            "- Operations: {}\n",
            crate::suggest::list(entry.operations.iter().copied())
        ));
    }
    for invariant in (entry.invariants)() {
        page.push_str(&format!(
            "- Property `{}`: {} ({})\n",
            invariant.name, invariant.sentence, invariant.citation
        ));
    }
    for bug in (entry.bugs)() {
        let id = bug.id.map(|id| format!(", `{id}`")).unwrap_or_default();
        page.push_str(&format!("- Bug `{}`{id}: {}\n", bug.slug, bug.sentence));
    }
}

fn heading(page: &mut String, level: usize, title: &str, schema: &Value) {
    let marks = "#".repeat(level);
    page.push_str(&format!("\n{marks} {title}\n\n{}\n\n", text(&schema["description"])));
}

/// A table whose keys are up to the user, as it may look.
fn examples(page: &mut String, name: &str, schema: &Value) {
    for example in schema["examples"].as_array().into_iter().flatten() {
        page.push_str(&format!("```toml\n[{name}]\n"));
        for (key, value) in example.as_object().into_iter().flatten() {
            let line = format!("{} = {}\n", toml_text::key(key), toml_text::value(value));
            page.push_str(&line);
        }
        page.push_str("```\n");
    }
}

/// A key of a table.
pub(crate) struct Row {
    pub(crate) key: String,
    schema: Value,
    default: String,
}

/// The keys of a table and of the tables in it.
pub(crate) fn rows(
    root: &Value,
    table: &Value,
    defaults: &Value,
    prefix: &str,
    keep: &dyn Fn(&str) -> bool,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, schema) in keys(table) {
        if !keep(key) {
            continue;
        }
        let full = format!("{prefix}{key}");
        let inner = follow(root, schema);
        let known = defaults.get(key).filter(|default| !default.is_null());
        if inner[ORDER].is_array() {
            let nested = known.unwrap_or(&Value::Null);
            if schema["description"].is_string() {
                let (key, schema) = (full.clone(), schema.clone());
                rows.push(Row { key, schema, default: String::new() });
            }
            rows.extend(self::rows(root, inner, nested, &format!("{full}."), &|_| true));
        } else {
            let default = match known.or(schema.get("default")) {
                _ if is_required(table, key) => "required".to_owned(),
                Some(value) => format!("`{}`", toml_text::value(value)),
                None => String::new(),
            };
            rows.push(Row { key: full, schema: schema.clone(), default });
        }
    }
    rows
}

fn is_required(table: &Value, key: &str) -> bool {
    // Of the top level's alternatives the first is that of a scenario that builds on nothing.
    [&table["required"], &table["anyOf"][0]["required"]]
        .into_iter()
        .any(|names| names.as_array().is_some_and(|names| names.iter().any(|name| name == key)))
}

pub(crate) fn table(page: &mut String, root: &Value, rows: Vec<Row>) {
    page.push_str("| Key | Type | Range | Default | Meaning |\n|---|---|---|---|---|\n");
    for Row { key, schema, default } in rows {
        page.push_str(&format!(
            "| `{key}` | {} | {} | {} | {} |\n",
            kind(root, &schema),
            range(root, &schema),
            default,
            meaning(root, &schema)
        ));
    }
}

pub(crate) fn meaning(root: &Value, schema: &Value) -> String {
    let own = text(&schema["description"]);
    let choices = follow(root, schema)["oneOf"].as_array().into_iter().flatten();
    let choices: Vec<String> = choices
        .filter(|choice| choice["const"].is_string())
        .map(|choice| {
            format!("{}: {}", toml_text::value(&choice["const"]), text(&choice["description"]))
        })
        .collect();
    [own].into_iter().chain(choices).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The type in words.
pub(crate) fn kind(root: &Value, schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit(['/', '.']).next().unwrap_or_default();
        if let Some((_, words)) = VALUES.iter().find(|(definition, _)| *definition == name) {
            return (*words).to_owned();
        }
        return kind(root, follow(root, schema));
    }
    if let Some(value) = schema.get("const") {
        return format!("`{}`", toml_text::value(value));
    }
    let choices: Vec<&Value> = match (&schema["enum"], &schema["oneOf"]) {
        (Value::Array(names), _) => names.iter().collect(),
        (_, Value::Array(choices)) => choices.iter().filter_map(|one| one.get("const")).collect(),
        _ => Vec::new(),
    };
    if !choices.is_empty() {
        let choices: Vec<String> =
            choices.iter().map(|choice| format!("`{}`", toml_text::value(choice))).collect();
        return choices.join(" or ");
    }
    match schema["type"].as_str() {
        Some("integer") => "whole number".into(),
        Some("boolean") => "`true` or `false`".into(),
        Some("array") => format!("list of {}", plural(&kind(root, &schema["items"]))),
        Some("object") => "table".into(),
        Some(other) => other.to_owned(),
        None => "any".into(),
    }
}

fn plural(words: &str) -> String {
    match words.strip_prefix("list ") {
        Some(rest) => format!("lists {rest}"),
        None => format!("{words}s"),
    }
}

pub(crate) fn range(root: &Value, schema: &Value) -> String {
    if let Some(words) = schema["x-range"].as_str() {
        return words.to_owned();
    }
    let inner = follow(root, schema);
    let bound = |key: &str| [schema, inner].into_iter().find_map(|s| s.get(key)).cloned();
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} or more"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => String::new(),
    }
}

/// A description, in one line of a Markdown table.
pub(crate) fn text(description: &Value) -> String {
    let words: Vec<&str> = description.as_str().unwrap_or_default().split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
