//! A scenario to start from: everything that can be said about a protocol, with its defaults.

use rehearsal_sim::catalog::Entry;
use serde_json::Value;

use crate::schema::{follow, keys, schema};
use crate::toml_text;

/// A commented scenario for a protocol, which loads as it is.
pub fn starter(entry: &Entry) -> String {
    let mut text = format!(
        "# {}\n\
         # `rehearsal schema --reference` explains every key; a crate of one's own does so as well.\n\
         title = {}\n\
         protocol = {}\n\
         duration = \"20s\"\n\
         seed = 1                  # --seed wins\n",
        entry.summary,
        toml_text::value(&Value::from(format!("{}: a first rehearsal", entry.name))),
        toml_text::value(&Value::from(entry.name)),
    );
    cluster(&mut text, entry);
    let root = schema(&[*entry]);
    let section = follow(&root, &root["properties"][entry.name]);
    table(&mut text, &root, section, &(entry.config_default)(), entry.name);
    text.push_str(
        "\n[network]\n\
         latency = { lognormal = { median = \"1ms\", p99 = \"8ms\" } }\n\
         loss = 0.001              # of the copies of a message, one in a thousand is lost\n",
    );
    let is_called = !entry.operations.is_empty() && (entry.roles)().iter().any(|r| r.takes_calls);
    if is_called {
        workload(&mut text, entry);
    }
    text.push_str(
        "\n[[fault]]                 # what goes wrong, one table each\n\
         at = \"5s\"\n\
         crash = \"n1\"              # or a list, a role, \"leader\", \"followers\"\n\
         restart_after = \"3s\"\n",
    );
    expectations(&mut text, entry, is_called);
    text
}

fn cluster(text: &mut String, entry: &Entry) {
    text.push_str("\n[cluster]\n");
    for (at, role) in (entry.roles)().iter().enumerate() {
        let prefix = if at == 0 { "n" } else { role.singular };
        let line = format!(
            "{} = {}",
            toml_text::key(role.plural),
            role.default_count.max(u32::from(at == 0 || role.takes_calls))
        );
        text.push_str(&format!("{line:<26}# named {prefix}1, {prefix}2, ...\n"));
    }
}

/// A table with every default, and below it the tables in it.
fn table(text: &mut String, root: &Value, section: &Value, defaults: &Value, name: &str) {
    let is_table = |value: &Value, schema: &Value| {
        value.is_object() && follow(root, schema)["properties"].is_object()
    };
    let written = keys(section)
        .into_iter()
        .filter_map(|(key, schema)| Some((key, schema, defaults.get(key)?)))
        .filter(|(_, _, value)| !value.is_null());
    let (tables, plain): (Vec<_>, Vec<_>) =
        written.partition(|(_, schema, value)| is_table(value, schema));
    if !plain.is_empty() {
        text.push_str(&format!("\n[{name}]\n"));
    }
    for (key, schema, value) in plain {
        for line in schema["description"].as_str().unwrap_or_default().lines() {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
        text.push_str(&format!("{} = {}\n", toml_text::key(key), toml_text::value(value)));
    }
    for (key, schema, value) in tables {
        let name = format!("{name}.{}", toml_text::key(key));
        table(text, root, follow(root, schema), value, &name);
    }
}

fn workload(text: &mut String, entry: &Entry) {
    let mix: Vec<String> =
        entry.operations.iter().map(|kind| format!("{} = 1", toml_text::key(kind))).collect();
    let load = if entry.starts_closed {
        "users = 4                 # closed loop; rate = \"200/s\" in its place makes it open\n\
         think = \"20ms\"\n"
    } else {
        "rate = \"200/s\"            # open loop; think = \"10ms\" in its place makes it closed\n"
    };
    text.push_str(&format!(
        "\n[workload]\n\
         {load}\
         keys = 100\n\
         mix = {{ {} }}    # relative weights\n",
        mix.join(", ")
    ));
}

fn expectations(text: &mut String, entry: &Entry, is_called: bool) {
    for invariant in (entry.invariants)() {
        text.push_str(&format!(
            "\n[[expect]]                # {}\n{} = true\n",
            invariant.sentence.replace('\n', " "),
            toml_text::key(invariant.name)
        ));
    }
    if is_called {
        text.push_str(
            "\n[[expect]]                # the history of all operations can be explained\n\
             linearizable = true\n\
             \n[[expect]]                # the longest stretch in which nobody is served\n\
             unavailable_at_most = \"5s\"\n",
        );
    }
}
