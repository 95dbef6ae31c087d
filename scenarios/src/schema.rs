//! The JSON schema of the language, for editors: made from the types that serde reads and from the
//! catalog.

use rehearsal_sim::catalog::Entry;
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::diagnose;
use crate::language::{
    BitRot, BurstTable, ClockDrift, ClockShift, ClockTable, CrashLoop, DiskSlow, DiskTable,
    ExpectTable, FAULT_KINDS, FaultTable, Fire, LinkTable, NetworkTable, NodeTable, OnTable,
    OneWay, PlaceLinkTable, ProcessorTable, Profiles, Slow, SupervisorTable, SwarmTable, Top,
    TopologyTable, WorkloadTable,
};
use crate::matrix::MOST_POINTS;

/// The schema (draft 2020-12) of every scenario that these protocols can be given.
pub fn schema(catalog: &[Entry]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = object::<Top>(&mut generator);
    let link = object::<LinkTable>(&mut generator);
    let mut network = object::<NetworkTable>(&mut generator);
    let links = "Links that differ from the rest, `[[network.link]]`.";
    network["properties"]["link"] = json!({ "description": links, "type": "array", "items": link });
    let link = object::<PlaceLinkTable>(&mut generator);
    let mut topology = object::<TopologyTable>(&mut generator);
    let links = "The links between places, `[[topology.link]]`.";
    topology["properties"]["link"] =
        json!({ "description": links, "type": "array", "items": link });
    let sections = [
        ("cluster", cluster(catalog)),
        ("network", network),
        ("topology", topology),
        ("processor", object::<ProcessorTable>(&mut generator)),
        ("clock", object::<ClockTable>(&mut generator)),
        ("disk", object::<DiskTable>(&mut generator)),
        ("supervisor", object::<SupervisorTable>(&mut generator)),
        ("node", nodes(&mut generator)),
        ("workload", workload(&mut generator, catalog)),
        ("swarm", swarm(&mut generator)),
        ("fault", json!({ "type": "array", "items": fault(&mut generator) })),
        ("expect", json!({ "type": "array", "items": expect(&mut generator, catalog) })),
        ("matrix", matrix()),
    ];
    let mut definitions = generator.take_definitions(true);
    // Tables inside of faults, `on = { ... }`: whoever adds one adds it here.
    inner::<OnTable>(&mut definitions);
    inner::<OneWay>(&mut definitions);
    inner::<DiskSlow>(&mut definitions);
    inner::<BitRot>(&mut definitions);
    inner::<Profiles>(&mut definitions);
    inner::<BurstTable>(&mut definitions);
    inner::<Slow>(&mut definitions);
    inner::<CrashLoop>(&mut definitions);
    inner::<ClockShift>(&mut definitions);
    inner::<ClockDrift>(&mut definitions);
    inner::<Fire>(&mut definitions);
    for (name, section) in sections {
        root["properties"][name] = section;
    }
    let names: Vec<&str> = catalog.iter().map(|entry| entry.name).collect();
    root["properties"]["protocol"]["enum"] = json!(names);
    for entry in catalog {
        root["properties"][entry.name] = protocol(entry, &mut definitions);
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("A scenario of rehearsal");
    // What a file builds on may say the rest.
    root["anyOf"] = json!([{ "required": ["protocol", "duration"] }, { "required": ["extends"] }]);
    root["$defs"] = Value::Object(definitions);
    without_null(&mut root);
    for entry in catalog {
        add_order(&mut root, &format!("/properties/{}", entry.name), entry, &|value| value);
    }
    root
}

/// The schema of a table, in place of a reference to it.
fn object<T: JsonSchema + DeserializeOwned>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = T::json_schema(generator).to_value();
    let refusal = T::deserialize(nobodys_key()).err().map(|error| error.to_string());
    schema[ORDER] = json!(diagnose::expected_names(&refusal.unwrap_or_default()));
    schema
}

/// Adds the order of the keys to the definition of a table that stands inside of others.
fn inner<T: JsonSchema + DeserializeOwned>(definitions: &mut Map<String, Value>) {
    let definition = definitions.get_mut(T::schema_name().as_ref());
    let refusal = T::deserialize(nobodys_key()).err().map(|error| error.to_string());
    definition.expect("some table has it")[ORDER] =
        json!(diagnose::expected_names(&refusal.unwrap_or_default()));
}

/// The order in which the keys of a table were declared: schemas list them by the alphabet, but
/// people should read of `at` before `for`. The refusal of a key that nobody has names them all.
pub(crate) const ORDER: &str = "x-order";

fn nobodys_key() -> Value {
    json!({ "": null })
}

/// Adds the order of the keys to a protocol's table and to the tables in it, reached by `within`.
fn add_order(root: &mut Value, at: &str, entry: &Entry, within: &dyn Fn(Value) -> Value) {
    let refusal = (entry.configure)(&within(nobodys_key())).err().map(|error| error.message);
    let refusal = refusal.unwrap_or_default();
    let names: Vec<String> =
        diagnose::expected_names(&refusal).into_iter().map(str::to_owned).collect();
    let Some(table) = root.pointer_mut(at) else { return };
    if !table["properties"].is_object() || table[ORDER].is_array() {
        return;
    }
    table[ORDER] = json!(names);
    let inner: Vec<(String, String)> = table["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, schema)| {
            let target = schema["$ref"].as_str()?.strip_prefix('#')?;
            Some((key.clone(), target.to_owned()))
        })
        .collect();
    for (key, target) in inner {
        let deeper = |value: Value| {
            let mut table = Map::new();
            table.insert(key.clone(), value);
            within(Value::Object(table))
        };
        add_order(root, &target, entry, &deeper);
    }
}

fn cluster(catalog: &[Entry]) -> Value {
    let mut roles = Map::new();
    for entry in catalog {
        for (at, role) in (entry.roles)().into_iter().enumerate() {
            let least = if at == 0 { 1 } else { 0 };
            let described = format!("{}: {} by default", entry.name, role.default_count);
            let known = roles.entry(role.plural).or_insert_with(|| {
                json!({ "type": "integer", "minimum": least, "maximum": 1000,
                        "description": format!("How many {} there are.", role.plural) })
            });
            if known["minimum"].as_u64() > Some(least) {
                known["minimum"] = json!(least);
            }
            let text = known["description"].as_str().unwrap_or_default();
            known["description"] = json!(format!("{text} {described}."));
        }
    }
    json!({
        "description": "How many nodes there are of each role of the protocol. Nodes of its first \
                        role are named `n1`, `n2`, ..., the others by role: `client1`.",
        "type": "object",
        "properties": roles,
        "additionalProperties": false
    })
}

fn workload(generator: &mut SchemaGenerator, catalog: &[Entry]) -> Value {
    let mut workload = object::<WorkloadTable>(generator);
    let mut kinds = Map::new();
    for kind in catalog.iter().flat_map(|entry| entry.operations) {
        kinds.insert((*kind).to_owned(), json!({ "type": "number", "minimum": 0 }));
    }
    let mix = &mut workload["properties"]["mix"];
    mix["properties"] = Value::Object(kinds);
    mix["additionalProperties"] = json!(false);
    workload["oneOf"] = json!([{ "required": ["rate"] }, { "required": ["think"] }]);
    workload
}

fn swarm(generator: &mut SchemaGenerator) -> Value {
    let mut swarm = object::<SwarmTable>(generator);
    let names: Vec<&str> = crate::swarm::names().collect();
    for key in ["families", "without"] {
        let text = swarm["properties"][key]["description"].as_str().unwrap_or_default();
        let text = format!("{text} There are {}.", crate::suggest::list(names.iter().copied()));
        swarm["properties"][key]["description"] = json!(text);
    }
    swarm
}

/// A table per node, by its name.
fn nodes(generator: &mut SchemaGenerator) -> Value {
    let node = object::<NodeTable>(generator);
    json!({ "description": node["description"], "type": "object", "additionalProperties": node })
}

fn fault(generator: &mut SchemaGenerator) -> Value {
    let mut fault = object::<FaultTable>(generator);
    let kinds = FAULT_KINDS.map(|kind| json!({ "required": [kind] }));
    fault["oneOf"] = json!(kinds.as_slice());
    let when = ["at", "every", "on"].map(|key| json!({ "required": [key] }));
    fault["allOf"] = json!([{ "anyOf": when }]);
    let dies = json!({ "anyOf": [{ "required": ["crash"] }, { "required": ["power_off"] }, { "required": ["wipe"] }] });
    fault["dependentSchemas"] = json!({ "restart_after": dies });
    fault
}

fn expect(generator: &mut SchemaGenerator, catalog: &[Entry]) -> Value {
    let mut expect = object::<ExpectTable>(generator);
    for entry in catalog {
        for invariant in (entry.invariants)() {
            expect["properties"][invariant.name] = json!({
                "const": true,
                "description": format!("{} ({})", invariant.sentence, invariant.citation)
            });
        }
    }
    expect
}

/// Axes are lists, by dotted key or in nested tables; what their values may be is a matter of the
/// setting.
fn matrix() -> Value {
    let axis = json!({ "type": "array", "minItems": 1, "uniqueItems": true });
    json!({
        "description": format!(
            "Variants of this scenario: settings with a list of values each. Every combination is a \
             point, at most {MOST_POINTS} of them, numbered from 1 with the last axis running \
             fastest. `run` runs every point over several seeds, with the same arrivals, and \
             reports them on one page; `--point 3` picks one. A key is that of any setting but \
             `seed` and `extends`, in quotes (`\"network.loss\"`) or as nested tables; `--matrix \
             network.loss=0,0.01` adds an axis or replaces one."
        ),
        "type": "object",
        "minProperties": 1,
        "additionalProperties": { "anyOf": [axis, { "type": "object", "minProperties": 1 }] },
        "examples": [{ "cluster.servers": [3, 5, 7], "network.loss": [0.0, 0.01, 0.05] }]
    })
}

/// The schema of a protocol's table; what it refers to moves to the definitions of the whole, under
/// names that do not collide.
fn protocol(entry: &Entry, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = (entry.config_schema)();
    let moved = |name: &str| format!("{}.{name}", entry.name);
    rename(&mut schema, &moved);
    if let Some(table) = schema.as_object_mut() {
        table.remove("$schema");
        if let Some(Value::Object(inner)) = table.remove("$defs") {
            for (name, definition) in inner {
                definitions.insert(moved(&name), definition);
            }
        }
        table.insert("title".to_owned(), json!(entry.name));
        table.entry("description").or_insert_with(|| json!(entry.summary));
    }
    schema
}

fn rename(schema: &mut Value, moved: &impl Fn(&str) -> String) {
    match schema {
        Value::Object(table) => {
            for (key, value) in table {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/$defs/{}", moved(name));
                        }
                    }
                    value => rename(value, moved),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, moved)),
        _ => {}
    }
}

/// TOML has no null: a key that is optional is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(table) => {
            if let Some(Value::Array(types)) = table.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    table.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = table.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    table.remove("anyOf");
                    for (key, value) in only {
                        table.entry(key).or_insert(value);
                    }
                }
            }
            if table.get("default") == Some(&Value::Null) {
                table.remove("default");
            }
            table.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// The keys of a table with their schemas, in the order in which they were declared.
pub(crate) fn keys(table: &Value) -> Vec<(&str, &Value)> {
    let order: Vec<&str> =
        table[ORDER].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let place = |key: &str| order.iter().position(|name| *name == key).unwrap_or(order.len());
    let properties = table["properties"].as_object().into_iter().flatten();
    let mut keys: Vec<(&str, &Value)> = properties.map(|(key, v)| (key.as_str(), v)).collect();
    keys.sort_by_key(|(key, _)| place(key));
    keys
}

/// Follows a reference of the schema to what it means.
pub(crate) fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/"));
    match target {
        Some(name) => &root["$defs"][name],
        None => schema,
    }
}
