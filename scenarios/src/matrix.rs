//! The matrix of a scenario: settings with a list of values each, and the points they span.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnose;
use crate::overrides;
use crate::report::Finding;
use crate::source::{Site, Sources};
use crate::toml_text;
use crate::tree::{Data, Path, Step, Tree};

/// A matrix has at most so many points.
pub const MOST_POINTS: u32 = 1000;

/// One setting of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key: `network.loss`.
    pub key: String,
    /// Its value.
    pub value: Value,
}

impl Setting {
    /// The value for people: text without quotes, everything else as TOML.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => toml_text::value(other),
        }
    }
}

/// One point of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its number, from 1.
    pub number: u32,
    /// How many points the matrix has, at most [`MOST_POINTS`].
    pub of: u32,
    /// What it sets, one setting for each axis, in the order of the axes.
    pub settings: Vec<Setting>,
}

impl Point {
    /// The settings in a line: `cluster.servers = 3, network.loss = 0.05`.
    pub fn shown(&self) -> String {
        let one = |setting: &Setting| format!("{} = {}", setting.key, setting.shown());
        self.settings.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// One axis of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The key of its setting: `network.loss`.
    pub key: String,
    /// Its values, in the order of the file.
    pub values: Vec<Setting>,
}

/// An axis with the places it was written at.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    path: Path,
    key: Site,
    values: Vec<Tree>,
}

/// The axes of a scenario, the last one running fastest.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    /// Where it is written.
    pub(crate) site: Site,
    axes: Vec<Written>,
}

/// Gives the axes of one text names of one form, however they are written (`"network.loss"` or
/// nested), so that texts can be merged axis by axis.
pub(crate) fn flatten(tree: &mut Tree, findings: &mut Vec<Finding>) {
    let Some(matrix) = tree.table_mut().and_then(|top| top.get_mut("matrix")) else { return };
    let Some(table) = matrix.table() else {
        findings.push(diagnose::table_expected(matrix, &Path::of("matrix")));
        return;
    };
    let mut axes = BTreeMap::new();
    collect(table, &Path::default(), &mut axes, findings);
    matrix.data = Data::Table(axes);
}

fn collect(
    table: &BTreeMap<String, Tree>,
    at: &Path,
    axes: &mut BTreeMap<String, Tree>,
    findings: &mut Vec<Finding>,
) {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(_, value)| value.key.start);
    for (key, value) in entries {
        let Some(path) = Path::parse(key).map(|path| at.join(&path)) else {
            findings.push(diagnose::set_bad_key(value.key.clone()));
            continue;
        };
        match &value.data {
            Data::Table(inner) => collect(inner, &path, axes, findings),
            Data::Scalar(_) => findings.push(diagnose::axis_without_list(value)),
            Data::List(_) => {
                if let Some(earlier) = axes.insert(path.to_string(), value.clone()) {
                    let twice = diagnose::axis_twice(value.key.clone(), earlier.key, &path);
                    findings.push(twice);
                }
            }
        }
    }
}

/// Takes the matrix out of a tree, with what the command line adds to it; `None` where there is
/// none, or none that could be read.
pub(crate) fn take(
    tree: &mut Tree,
    sources: &mut Sources,
    flags: &[String],
    findings: &mut Vec<Finding>,
) -> Option<Matrix> {
    let written = tree.table_mut().and_then(|top| top.remove("matrix"));
    let mut site = written.as_ref().map(|matrix| matrix.site.clone());
    let mut axes = Vec::new();
    for (key, value) in written.iter().filter_map(Tree::table).flatten() {
        let path = Path::parse(key).expect("axes were given names that are paths");
        let values = value.list().unwrap_or_default().to_vec();
        axes.push(Written { path, key: value.key.clone(), values });
    }
    // What a file builds on was read after it and comes before it.
    axes.sort_by_key(|axis| (Reverse(axis.key.source), axis.key.start));
    for flag in flags {
        let Some(axis) = flagged(sources, flag, findings) else { continue };
        site.get_or_insert_with(|| axis.key.clone());
        match axes.iter_mut().find(|known| known.path == axis.path) {
            Some(known) => *known = axis,
            None => axes.push(axis),
        }
    }
    let site = site?;
    let before = findings.len();
    if axes.is_empty() && findings.is_empty() {
        findings.push(diagnose::matrix_without_axes(site.clone()));
    }
    review(&axes, findings);
    let matrix = Matrix { site, axes };
    if matrix.count().is_none_or(|count| count > MOST_POINTS) {
        let sizes: Vec<usize> = matrix.axes.iter().map(|axis| axis.values.len()).collect();
        findings.push(diagnose::matrix_too_large(matrix.site.clone(), &sizes, MOST_POINTS));
    }
    (findings.len() == before).then_some(matrix)
}

/// `--matrix key=a,b,c` as an axis.
fn flagged(sources: &mut Sources, text: &str, findings: &mut Vec<Finding>) -> Option<Written> {
    let source = sources.add("--matrix", text);
    let Some((key, values)) = text.split_once('=').filter(|(_, values)| !values.trim().is_empty())
    else {
        findings.push(diagnose::matrix_flag_without_values(Site::new(source, 0..text.len())));
        return None;
    };
    let site = overrides::trimmed(source, text, 0, key.len());
    let Some(path) = Path::parse(key.trim()) else {
        findings.push(diagnose::set_bad_key(site));
        return None;
    };
    let before = findings.len();
    let mut read = Vec::new();
    for (from, to) in pieces(values) {
        let place = overrides::trimmed(source, text, key.len() + 1 + from, key.len() + 1 + to);
        let value = &text[place.span()];
        if value.is_empty() {
            findings.push(diagnose::axis_value_missing(place));
            continue;
        }
        read.extend(overrides::read(value, place, findings));
    }
    (findings.len() == before).then_some(Written { path, key: site, values: read })
}

/// Where the values of a list lie that is cut at its commas; those within brackets, braces and
/// quotes do not cut.
fn pieces(text: &str) -> Vec<(usize, usize)> {
    let (mut pieces, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    let mut quote = None;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some('"'), '\\') => {
                letters.next();
            }
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                pieces.push((from, at));
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    pieces.push((from, text.len()));
    pieces
}

/// What is wrong with axes whatever the rest of the scenario says.
fn review(axes: &[Written], findings: &mut Vec<Finding>) {
    for (at, axis) in axes.iter().enumerate() {
        if let [Step::Key(first), ..] = axis.path.0.as_slice()
            && ["extends", "matrix", "seed"].contains(&first.as_str())
        {
            findings.push(diagnose::no_axis(axis.key.clone(), first));
        }
        let earlier = axes[..at].iter().find(|other| {
            other.path.is_prefix_of(&axis.path) || axis.path.is_prefix_of(&other.path)
        });
        if let Some(earlier) = earlier {
            findings.push(diagnose::axes_overlap(
                (axis.key.clone(), &axis.path),
                (earlier.key.clone(), &earlier.path),
            ));
        }
        if axis.values.is_empty() {
            findings.push(diagnose::axis_without_values(axis.key.clone()));
        }
        // Longer axes are refused for their length.
        let values: Vec<Value> =
            axis.values.iter().take(MOST_POINTS as usize).map(Tree::to_json).collect();
        for (later, value) in values.iter().enumerate() {
            if let Some(first) = values[..later].iter().position(|other| other == value) {
                let sites = [later, first].map(|place| axis.values[place].site.clone());
                findings.push(diagnose::axis_value_twice(sites));
            }
        }
    }
}

impl Matrix {
    /// How many points there are; `None` where that is no number of 32 bits.
    fn count(&self) -> Option<u32> {
        let sizes = self.axes.iter().map(|axis| u32::try_from(axis.values.len()).ok());
        sizes.into_iter().try_fold(1_u32, |count, size| count.checked_mul(size?))
    }

    /// How many points there are; never more than [`MOST_POINTS`].
    pub(crate) fn points(&self) -> u32 {
        self.count().expect("a matrix that is too large is refused")
    }

    /// The axis that a key of the command line would set in vain.
    pub(crate) fn hides(&self, path: &Path) -> bool {
        self.axes.iter().any(|axis| axis.path.is_prefix_of(path))
    }

    /// Whether a place lies in the matrix: what is wrong there needs no words on where.
    pub(crate) fn covers(&self, site: &Site) -> bool {
        let inside = |outer: &Site| {
            outer.source == site.source && outer.start <= site.start && site.end <= outer.end
        };
        self.axes
            .iter()
            .any(|axis| inside(&axis.key) || axis.values.iter().any(|value| inside(&value.site)))
    }

    /// The axes for readers.
    pub(crate) fn shown(&self) -> Vec<Axis> {
        let axis = |axis: &Written| {
            let key = axis.path.to_string();
            let value = |value: &Tree| Setting { key: key.clone(), value: value.to_json() };
            Axis { values: axis.values.iter().map(value).collect(), key }
        };
        self.axes.iter().map(axis).collect()
    }

    /// The axes with their values at a point, counted from 1. The last axis runs fastest.
    fn chosen(&self, number: u32) -> Vec<(&Written, &Tree)> {
        let mut rest = (number - 1) as usize;
        let mut chosen = Vec::new();
        for axis in self.axes.iter().rev() {
            chosen.push((axis, &axis.values[rest % axis.values.len()]));
            rest /= axis.values.len();
        }
        chosen.reverse();
        chosen
    }

    /// The point of this number.
    pub(crate) fn point(&self, number: u32) -> Point {
        let setting = |(axis, value): (&Written, &Tree)| Setting {
            key: axis.path.to_string(),
            value: value.to_json(),
        };
        let settings = self.chosen(number).into_iter().map(setting).collect();
        Point { number, of: self.points(), settings }
    }

    /// Every point.
    pub(crate) fn list(&self) -> Vec<Point> {
        (1..=self.points()).map(|number| self.point(number)).collect()
    }

    /// Puts the settings of a point into a tree.
    pub(crate) fn set(&self, tree: &mut Tree, number: u32, findings: &mut Vec<Finding>) {
        for (axis, value) in self.chosen(number) {
            let mut value = value.clone();
            value.key = axis.key.clone();
            if let Err(finding) = overrides::put(tree, &axis.path, value, &axis.key) {
                findings.push(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_brackets_braces_and_quotes_do_not_cut() {
        let cut = |text: &str| {
            let pieces = pieces(text).into_iter().map(|(from, to)| text[from..to].to_owned());
            pieces.collect::<Vec<_>>()
        };
        assert_eq!(cut("3,5, 7"), ["3", "5", " 7"]);
        assert_eq!(cut("1ms,{ a = 1, b = 2 },[1,[2,3]]"), ["1ms", "{ a = 1, b = 2 }", "[1,[2,3]]"]);
        assert_eq!(cut(r#""a,\",b",'c,\',d"#), [r#""a,\",b""#, r"'c,\'", "d"]);
        assert_eq!(cut(""), [""]);
        assert_eq!(cut("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(cut("]],a"), ["]]", "a"]);
    }
}
