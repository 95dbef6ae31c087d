//! Reads sections of the tree with serde, and finds every mistake in them, not only the first.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diagnose;
use crate::report::Finding;
use crate::source::Site;
use crate::tree::{Path, Step, Tree};

/// A table with more mistakes than this is not read to the end.
const MOST_MISTAKES: usize = 50;

/// The merged tree, and everything found so far.
pub(crate) struct Desk<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) findings: Vec<Finding>,
}

/// Why a value can not be read: where below the section, and what serde says.
pub(crate) struct Complaint {
    pub(crate) path: Path,
    pub(crate) message: String,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Desk<'a> {
        Desk { tree, findings: Vec::new() }
    }

    pub(crate) fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn site(&self, path: &Path) -> Site {
        self.tree.site(path)
    }

    pub(crate) fn key_site(&self, path: &Path) -> Site {
        self.tree.key_site(path)
    }

    /// Reads the table at `path` (an empty one where there is none). `None` when anything in it is
    /// wrong, which is then among the findings.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, path: &Path) -> Option<T> {
        self.read_without(path, &BTreeSet::new(), &[])
    }

    /// The same, of a table that also has keys which are read elsewhere; `known` are those that
    /// could have been there.
    pub(crate) fn read_without<T: DeserializeOwned>(
        &mut self,
        path: &Path,
        elsewhere: &BTreeSet<String>,
        known: &[&str],
    ) -> Option<T> {
        let mut value = self.table_value(path)?;
        let table = value.as_object_mut().expect("a table");
        table.retain(|key, _| !elsewhere.contains(key));
        self.peel(path, value, known, |value| {
            serde_path_to_error::deserialize::<_, T>(value).map_err(|error| Complaint {
                path: steps(error.path()),
                message: error.inner().to_string(),
            })
        })
    }

    /// The table at `path` as JSON; an empty one where there is none, a finding where there is
    /// something else.
    pub(crate) fn table_value(&mut self, path: &Path) -> Option<Value> {
        match self.tree.at(path) {
            None => Some(Value::Object(serde_json::Map::new())),
            Some(tree) if tree.table().is_some() => Some(tree.to_json()),
            Some(tree) => {
                let finding = diagnose::table_expected(tree, path);
                self.say(finding);
                None
            }
        }
    }

    /// Reads `value` again and again, each time without what was wrong the last time, so that one
    /// mistake does not hide the next.
    pub(crate) fn peel<T>(
        &mut self,
        base: &Path,
        mut value: Value,
        known: &[&str],
        mut attempt: impl FnMut(&Value) -> Result<T, Complaint>,
    ) -> Option<T> {
        let mut removed: BTreeSet<Path> = BTreeSet::new();
        loop {
            let complaint = match attempt(&value) {
                Ok(read) if removed.is_empty() => return Some(read),
                Ok(_) => return None,
                Err(complaint) => complaint,
            };
            let missing = diagnose::missing_field(&complaint.message);
            let is_echo = match missing {
                Some(field) => removed.contains(&complaint.path.key(field)),
                None => removed.iter().any(|gone| complaint.path.is_prefix_of(gone)),
            };
            if !is_echo {
                let at = base.join(&complaint.path);
                let is_here = match complaint.path.0.as_slice() {
                    [] => true,
                    [Step::Key(key)] => diagnose::unknown_field(&complaint.message) == Some(key),
                    _ => false,
                };
                let known = if is_here { known } else { &[] };
                let finding = diagnose::misread(self.tree, &at, &complaint.message, known);
                self.say(finding);
            }
            let mut culprit = complaint.path;
            if let Some(field) = diagnose::unknown_field(&complaint.message) {
                let last = culprit.0.last();
                if last != Some(&Step::Key(field.to_owned())) {
                    culprit = culprit.key(field);
                }
            }
            culprit = remove(&mut value, culprit)?;
            removed.insert(culprit);
            if removed.len() > MOST_MISTAKES {
                return None;
            }
        }
    }
}

/// Takes the value at `path` out of its table; from lists the whole list goes, so that the indexes
/// of what stays are still those of the text. Returns what went.
fn remove(value: &mut Value, mut path: Path) -> Option<Path> {
    loop {
        let (parent, last) = path.split_last()?;
        if let Step::Key(key) = last {
            let pointer = |tree: &'_ mut Value| -> bool {
                let mut at = tree;
                for step in &parent.0 {
                    let next = match step {
                        Step::Key(key) => at.get_mut(key),
                        Step::Index(index) => at.get_mut(index),
                    };
                    match next {
                        Some(next) => at = next,
                        None => return false,
                    }
                }
                at.as_object_mut().is_some_and(|table| table.remove(key).is_some())
            };
            if pointer(value) {
                return Some(path);
            }
        }
        path = parent;
    }
}

fn steps(path: &serde_path_to_error::Path) -> Path {
    use serde_path_to_error::Segment;
    let mut steps = Vec::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => steps.push(Step::Index(*index)),
            Segment::Map { key } => steps.push(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    Path(steps)
}
