//! A scenario as a tree in which every key and value remembers the text it came from, however many
//! texts were merged into it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::diagnose;
use crate::report::Finding;
use crate::source::{Site, Sources};

/// A value, where it stands, and where the key (or table header) that holds it stands.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) data: Data,
    /// The value; for a table that has a header, the header.
    pub(crate) site: Site,
    /// The key; where there is none (in lists), the value.
    pub(crate) key: Site,
}

#[derive(Clone, Debug)]
pub(crate) enum Data {
    Scalar(Value),
    List(Vec<Tree>),
    Table(BTreeMap<String, Tree>),
}

/// One step into a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the root of a tree to one of its values: `fault[2].crash`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    pub(crate) fn of(key: &str) -> Path {
        Path::default().key(key)
    }

    pub(crate) fn key(&self, key: &str) -> Path {
        self.step(Step::Key(key.to_owned()))
    }

    pub(crate) fn item(&self, index: usize) -> Path {
        self.step(Step::Index(index))
    }

    pub(crate) fn step(&self, step: Step) -> Path {
        let mut path = self.clone();
        path.0.push(step);
        path
    }

    pub(crate) fn join(&self, rest: &Path) -> Path {
        Path(self.0.iter().chain(&rest.0).cloned().collect())
    }

    pub(crate) fn is_prefix_of(&self, other: &Path) -> bool {
        other.0.starts_with(&self.0)
    }

    pub(crate) fn split_last(&self) -> Option<(Path, &Step)> {
        let (last, rest) = self.0.split_last()?;
        Some((Path(rest.to_vec()), last))
    }

    /// Reads `a.b[2].c`, the form that `--set` and catalog entries use.
    pub(crate) fn parse(text: &str) -> Option<Path> {
        let mut path = Path::default();
        for part in text.split('.') {
            let (name, mut indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
            let name = name.trim();
            let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || !name.chars().all(plain) {
                return None;
            }
            path = path.key(name);
            while !indexes.trim().is_empty() {
                let (index, rest) = indexes.trim().strip_prefix('[')?.split_once(']')?;
                path = path.item(index.trim().parse().ok()?);
                indexes = rest;
            }
        }
        Some(path)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Tree {
    /// Reads one text as TOML. There is no tree when its grammar is broken or when it has values
    /// that no scenario can use (dates, `nan`): what would be missing from it would only be
    /// missed again later.
    pub(crate) fn parse(
        sources: &Sources,
        source: usize,
        findings: &mut Vec<Finding>,
    ) -> Option<Tree> {
        let text = sources.text(source);
        match DeTable::parse(text) {
            Ok(table) => {
                let start = Site::new(source, 0..0);
                let before = findings.len();
                let data = table_data(table.into_inner(), source, findings);
                let tree = Tree { data, site: start.clone(), key: start };
                (findings.len() == before).then_some(tree)
            }
            Err(error) => {
                let site = syntax_site(source, text, &error);
                findings.push(diagnose::syntax(site, text, error.message()));
                None
            }
        }
    }

    /// A value that was parsed on its own, `offset` bytes into a text.
    pub(crate) fn of_value(
        value: Spanned<DeValue<'_>>,
        source: usize,
        offset: usize,
        findings: &mut Vec<Finding>,
    ) -> Option<Tree> {
        let before = findings.len();
        let mut tree = value_tree(value, source, findings)?;
        tree.shift(offset);
        (findings.len() == before).then_some(tree)
    }

    pub(crate) fn string(text: &str, site: Site) -> Tree {
        Tree { data: Data::Scalar(Value::from(text)), key: site.clone(), site }
    }

    fn shift(&mut self, offset: usize) {
        for site in [&mut self.site, &mut self.key] {
            site.start += offset;
            site.end += offset;
        }
        match &mut self.data {
            Data::Scalar(_) => {}
            Data::List(items) => items.iter_mut().for_each(|item| item.shift(offset)),
            Data::Table(table) => table.values_mut().for_each(|value| value.shift(offset)),
        }
    }

    /// The value as JSON, which is what serde reads.
    pub(crate) fn to_json(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::List(items) => items.iter().map(Tree::to_json).collect(),
            Data::Table(table) => {
                Value::Object(table.iter().map(|(k, v)| (k.clone(), v.to_json())).collect())
            }
        }
    }

    pub(crate) fn table(&self) -> Option<&BTreeMap<String, Tree>> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut BTreeMap<String, Tree>> {
        match &mut self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Tree]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        self.table()?.get(key)
    }

    pub(crate) fn step(&self, step: &Step) -> Option<&Tree> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => self.list()?.get(*index),
        }
    }

    /// The value at the end of the path, if all of the path is there.
    pub(crate) fn at(&self, path: &Path) -> Option<&Tree> {
        path.0.iter().try_fold(self, |tree, step| tree.step(step))
    }

    /// The last value on the way that is there: what to underline for something missing.
    pub(crate) fn nearest(&self, path: &Path) -> &Tree {
        let mut tree = self;
        for step in &path.0 {
            match tree.step(step) {
                Some(next) => tree = next,
                None => break,
            }
        }
        tree
    }

    /// What to underline when the value at `path` is wrong.
    pub(crate) fn site(&self, path: &Path) -> Site {
        self.nearest(path).site.clone()
    }

    /// What to underline when the key at `path` is wrong.
    pub(crate) fn key_site(&self, path: &Path) -> Site {
        self.nearest(path).key.clone()
    }

    /// Lays another tree over this one: tables are merged key by key, everything else is replaced.
    pub(crate) fn overlay(&mut self, over: Tree) {
        match (&mut self.data, over.data) {
            (Data::Table(below), Data::Table(above)) => {
                for (key, value) in above {
                    match below.get_mut(&key) {
                        Some(present) => present.overlay(value),
                        None => {
                            below.insert(key, value);
                        }
                    }
                }
            }
            (below, above) => *below = above,
        }
        self.site = over.site;
        self.key = over.key;
    }
}

fn syntax_site(source: usize, text: &str, error: &toml::de::Error) -> Site {
    let span = error.span().unwrap_or(0..0);
    // A place inside a character would break whoever cuts the text there.
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    Site::new(source, start..floor(span.end).max(start))
}

fn value_tree(
    value: Spanned<DeValue<'_>>,
    source: usize,
    findings: &mut Vec<Finding>,
) -> Option<Tree> {
    let site = Site::new(source, value.span());
    let data = match value.into_inner() {
        DeValue::String(text) => Data::Scalar(Value::String(text.into_owned())),
        DeValue::Boolean(flag) => Data::Scalar(Value::Bool(flag)),
        DeValue::Integer(integer) => match whole_number(&integer) {
            Some(number) => Data::Scalar(Value::Number(number)),
            None => {
                findings.push(diagnose::integer_too_large(site));
                return None;
            }
        },
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            match number {
                Some(number) => Data::Scalar(Value::Number(number)),
                None => {
                    findings.push(diagnose::no_number(site, float.as_str()));
                    return None;
                }
            }
        }
        DeValue::Datetime(_) => {
            findings.push(diagnose::date(site));
            return None;
        }
        DeValue::Array(items) => Data::List(
            items.into_iter().filter_map(|item| value_tree(item, source, findings)).collect(),
        ),
        DeValue::Table(table) => table_data(table, source, findings),
    };
    Some(Tree { data, key: site.clone(), site })
}

fn table_data(table: DeTable<'_>, source: usize, findings: &mut Vec<Finding>) -> Data {
    let mut entries = BTreeMap::new();
    for (key, value) in table {
        let key_site = Site::new(source, key.span());
        if let Some(mut value) = value_tree(value, source, findings) {
            value.key = key_site;
            entries.insert(key.into_inner().into_owned(), value);
        }
    }
    Data::Table(entries)
}

/// TOML promises 64 bits with a sign; seeds may use the whole of `u64`.
fn whole_number(integer: &DeInteger<'_>) -> Option<Number> {
    let (text, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(text, radix).map(Number::from);
    signed.or_else(|_| u64::from_str_radix(text, radix).map(Number::from)).ok()
}
