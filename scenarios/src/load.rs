//! From a name to a plan: gathers the texts, merges them, and resolves the result.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Plan;
use rehearsal_sim::simulation::Digest;
use serde_json::Value;

use crate::diagnose;
use crate::files::{self, Found, Origin};
use crate::matrix::{self, Axis, Matrix, Point};
use crate::overrides;
use crate::read::Desk;
use crate::report::{Finding, Report, Severity};
use crate::resolve;
use crate::source::{Site, Sources};
use crate::swarm::Swarm;
use crate::tree::Tree;

/// What a user asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A scenario that is built in (`raft/leader-crash`), or the path of a file.
    pub source: &'a str,
    /// Overrides, `network.loss=0.05`; later ones win.
    pub set: &'a [String],
    /// Bugs to plant in place of the scenario's own, by slug or number.
    pub bug: &'a [String],
    /// Axes to add to the matrix, or to replace in it, `network.loss=0,0.01,0.05`; later ones win.
    pub matrix: &'a [String],
    /// The point of the matrix that is meant, from 1.
    pub point: Option<u32>,
}

impl<'a> Request<'a> {
    /// A scenario as it is.
    pub fn of(source: &'a str) -> Request<'a> {
        Request { source, set: &[], bug: &[], matrix: &[], point: None }
    }
}

/// A scenario that can be run.
#[derive(Clone)]
pub struct Loaded {
    /// What runs.
    pub plan: Plan,
    /// Its protocol.
    pub entry: Entry,
    /// Warnings and notes.
    pub remarks: Report,
    /// `<topic>/<name>`; for a file the names of its folder and of itself.
    pub name: String,
    /// The scenario's own text, without what it builds on and what the command line changed.
    pub text: String,
    /// 16 hexadecimal digits over everything the plan was made from: what the scenario is called, its
    /// texts with all they build on, and what the command line changed. Equal for equal scenarios, on
    /// every machine; whoever keeps results tells by it whose they are.
    pub fingerprint: String,
    /// Where every seed draws a day of its own: [`Loaded::plan_for`] has the plan that runs.
    pub swarm: Option<Arc<Swarm>>,
    /// Everything that was said of it, merged: what it builds on, what the command line changed, the
    /// settings of its point.
    pub(crate) whole: Arc<Value>,
    /// Which point of a matrix this is; `None` where there is no matrix. The title of the plan ends
    /// with its settings.
    pub point: Option<Point>,
}

/// A scenario with all the points of its matrix.
#[derive(Clone, Debug)]
pub struct Variants {
    /// The scenario's title, without the settings of a point.
    pub title: String,
    /// The axes of its matrix, the last one running fastest; none where it has no matrix.
    pub axes: Vec<Axis>,
    /// Its points in the order of their numbers, or the one that was asked for. Without a matrix the
    /// scenario itself. Never empty.
    pub points: Vec<Loaded>,
    /// Warnings of all points, and the notes that hold for every one of them.
    pub remarks: Report,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("name", &self.name)
            .field("protocol", &self.entry.name)
            .field("plan", &self.plan)
            .field("point", &self.point)
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}

/// Finds, reads and resolves a scenario; of one with a matrix the point that is asked for.
///
/// # Errors
/// Everything that is wrong with it, each underlined in the text it stands in. So is a matrix of
/// which no point was asked for.
pub fn load(request: &Request<'_>, catalog: &[Entry]) -> Result<Loaded, Report> {
    open(request)?.one(catalog)
}

/// The same for a text that is no file (yet); `request.source` is what it is called. It can not
/// build on other files.
///
/// # Errors
/// As [`load`].
pub fn load_text(text: &[u8], request: &Request<'_>, catalog: &[Entry]) -> Result<Loaded, Report> {
    Draft::read(in_memory(text, request), request)?.one(catalog)
}

/// Finds, reads and resolves a scenario with every point of its matrix, or the one that is asked
/// for. One without a matrix has itself as its only point.
///
/// # Errors
/// Everything that is wrong with any of them, each underlined in the text it stands in.
pub fn load_all(request: &Request<'_>, catalog: &[Entry]) -> Result<Variants, Report> {
    open(request)?.all(catalog)
}

/// The same for a text that is no file (yet); `request.source` is what it is called.
///
/// # Errors
/// As [`load_all`].
pub fn load_all_text(
    text: &[u8],
    request: &Request<'_>,
    catalog: &[Entry],
) -> Result<Variants, Report> {
    Draft::read(in_memory(text, request), request)?.all(catalog)
}

fn open(request: &Request<'_>) -> Result<Draft, Report> {
    match files::open(request.source) {
        Ok(found) => Draft::read(found, request),
        Err(finding) => Err(Report::new(Sources::default(), vec![finding])),
    }
}

fn in_memory(text: &[u8], request: &Request<'_>) -> Found {
    let shown = request.source.to_owned();
    Found { origin: Origin::Memory, shown, bytes: text.to_vec() }
}

/// A scenario whose texts are merged, with its matrix beside it.
struct Draft {
    sources: Sources,
    tree: Tree,
    /// What is wrong with the command line.
    findings: Vec<Finding>,
    matrix: Option<Matrix>,
    /// The point that is asked for, where it was written.
    point: Option<(u32, Site)>,
    name: String,
    scenario: String,
    text: String,
    fingerprint: Digest,
}

impl Draft {
    fn read(found: Found, request: &Request<'_>) -> Result<Draft, Report> {
        let mut sources = Sources::default();
        let mut findings = Vec::new();
        let (origin, name) = (found.origin.clone(), found.origin.name());
        let tree = gather(&mut sources, found, &mut Vec::new(), &mut findings);
        let text = sources.text(0).to_owned();
        let Some(mut tree) = tree else { return Err(Report::new(sources, findings)) };
        if resolve::is_empty(&tree) {
            findings.push(diagnose::empty_file(Site::new(0, 0..0)));
            return Err(Report::new(sources, findings));
        }
        let matrix = matrix::take(&mut tree, &mut sources, request.matrix, &mut findings);
        if !findings.is_empty() {
            return Err(Report::new(sources, findings));
        }
        for change in request.set {
            overrides::set(&mut tree, &mut sources, change, matrix.as_ref(), &mut findings);
        }
        overrides::bugs(&mut tree, &mut sources, request.bug, matrix.as_ref(), &mut findings);
        let point = request.point.map(|number| {
            let written = number.to_string();
            let source = sources.add("--point", written.as_str());
            (number, Site::new(source, 0..written.len()))
        });
        if let Some((number, site)) = &point {
            let points = matrix.as_ref().map_or(0, Matrix::points);
            if !(1..=points).contains(number) {
                findings.push(diagnose::no_such_point(site.clone(), points));
                return Err(Report::new(sources, findings));
            }
        }
        let name = if origin == Origin::Memory { request.source.to_owned() } else { name };
        let scenario = match &origin {
            Origin::Bundled(name) => name.clone(),
            _ => request.source.to_owned(),
        };
        let fingerprint = fingerprint(&scenario, &sources, request);
        Ok(Draft { sources, tree, findings, matrix, point, name, scenario, text, fingerprint })
    }

    fn one(mut self, catalog: &[Entry]) -> Result<Loaded, Report> {
        if let (Some(matrix), None) = (&self.matrix, &self.point) {
            let finding = diagnose::matrix_without_point(matrix.site.clone(), &matrix.list());
            self.findings.push(finding);
            return Err(Report::new(self.sources, self.findings));
        }
        let mut variants = self.all(catalog)?;
        Ok(variants.points.pop().expect("there is one point"))
    }

    fn all(mut self, catalog: &[Entry]) -> Result<Variants, Report> {
        let numbers = match (&self.matrix, &self.point) {
            (None, _) => vec![None],
            (Some(_), Some((number, _))) => vec![Some(*number)],
            (Some(matrix), None) => (1..=matrix.points()).map(Some).collect(),
        };
        let mut pool = Pool::default();
        pool.take(std::mem::take(&mut self.findings));
        let mut points = Vec::new();
        for number in numbers {
            let (loaded, findings) = self.point(number, catalog);
            pool.points.extend(number);
            pool.take(findings);
            points.extend(loaded);
            if pool.errors > MOST_ERRORS {
                break;
            }
        }
        let errors = pool.errors;
        let remarks = Report::new(self.sources, pool.findings(self.matrix.as_ref()));
        if errors > 0 {
            return Err(remarks);
        }
        let title = self.tree.get("title").and_then(Tree::as_str).map(str::to_owned);
        let axes = self.matrix.as_ref().map(Matrix::shown).unwrap_or_default();
        if let [only] = points.as_mut_slice() {
            only.remarks = remarks.clone();
        }
        Ok(Variants { title: title.unwrap_or(self.scenario), axes, points, remarks })
    }

    /// One point of the matrix, or the scenario where it has none; nothing when it is wrong.
    fn point(&self, number: Option<u32>, catalog: &[Entry]) -> (Option<Loaded>, Vec<Finding>) {
        let mut tree = self.tree.clone();
        let mut findings = Vec::new();
        let point = self.matrix.as_ref().zip(number).map(|(matrix, number)| {
            matrix.set(&mut tree, number, &mut findings);
            matrix.point(number)
        });
        let mut desk = Desk::new(&tree);
        let resolved = resolve::plan(&mut desk, catalog, &self.scenario);
        let swarm = resolved
            .as_ref()
            .and_then(|(plan, entry)| Swarm::read(&mut desk, plan, entry, catalog));
        findings.append(&mut desk.findings);
        let is_error = |finding: &Finding| finding.severity() == Severity::Error;
        let has_errors = findings.iter().any(is_error);
        let loaded = resolved.filter(|_| !has_errors).map(|(mut plan, entry)| {
            if let Some(point) = &point {
                plan.title = format!("{} ({})", plan.title, point.shown());
            }
            let mut fingerprint = self.fingerprint;
            let mut whole = tree.to_json();
            for key in ["matrix", "extends"] {
                whole.as_object_mut().expect("a scenario is a table").remove(key);
            }
            number.iter().for_each(|number| fingerprint.word(u64::from(*number)));
            Loaded {
                plan,
                entry: *entry,
                remarks: Report::default(),
                name: self.name.clone(),
                text: self.text.clone(),
                fingerprint: fingerprint.to_string(),
                swarm,
                whole: Arc::new(whole),
                point,
            }
        });
        assert!(loaded.is_some() || has_errors, "a scenario without a plan has an error to show");
        (loaded, findings)
    }
}

/// With so many mistakes found, further points of a matrix are not read.
const MOST_ERRORS: usize = 50;

/// What was found in the points of a matrix, each finding once.
#[derive(Default)]
struct Pool {
    /// The points that were looked at; none where there is no matrix.
    points: Vec<u32>,
    /// How many of the findings are errors.
    errors: usize,
    found: Vec<Finding>,
    /// In how many points each of them was, and how many had been looked at when it was found.
    known: BTreeMap<Finding, (usize, usize)>,
}

impl Pool {
    fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if let Some((points, _)) = self.known.get_mut(&finding) {
                *points += 1;
                continue;
            }
            self.errors += usize::from(finding.severity() == Severity::Error);
            self.known.insert(finding.clone(), (1, self.points.len()));
            self.found.push(finding);
        }
    }

    /// The findings, in the order in which they were made: errors alone where there are any. A table
    /// that is unused in one point is used in another, so notes are those of every point. What is
    /// wrong in some points, and not with a value of an axis, comes with the first of them.
    fn findings(self, matrix: Option<&Matrix>) -> Vec<Finding> {
        let (errors, all) = (self.errors, self.points.len());
        let mut kept = Vec::new();
        for finding in self.found {
            let (points, place) = self.known[&finding];
            let is_told = match finding.severity() {
                Severity::Error => true,
                Severity::Warning => errors == 0,
                Severity::Note => errors == 0 && points >= all,
            };
            if !is_told {
                continue;
            }
            let elsewhere = |matrix: &&Matrix| {
                points < all && !finding.site().is_some_and(|site| matrix.covers(site))
            };
            let first = place.checked_sub(1).and_then(|place| self.points.get(place));
            kept.push(match matrix.filter(elsewhere).zip(first) {
                Some((matrix, first)) => diagnose::at_point(finding, &matrix.point(*first), points),
                None => finding,
            });
        }
        kept
    }
}

fn fingerprint(scenario: &str, sources: &Sources, request: &Request<'_>) -> Digest {
    let mut digest = Digest::default();
    digest.text(scenario);
    // Each list begins with its length, so that nothing can move from one into the next.
    let texts: Vec<&str> = sources.0.iter().map(|source| source.text.as_str()).collect();
    let set: Vec<&str> = request.set.iter().map(String::as_str).collect();
    let bug: Vec<&str> = request.bug.iter().map(String::as_str).collect();
    for list in [texts, set, bug] {
        digest.word(list.len() as u64);
        list.iter().for_each(|text| digest.text(text));
    }
    digest
}

/// Reads a text and everything it builds on into one tree. `above` are the texts that led here.
fn gather(
    sources: &mut Sources,
    found: Found,
    above: &mut Vec<Origin>,
    findings: &mut Vec<Finding>,
) -> Option<Tree> {
    let Found { origin, shown, bytes } = found;
    let source = match String::from_utf8(bytes) {
        Ok(text) => sources.add(shown, text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let source = sources.add(shown, String::from_utf8_lossy(error.as_bytes()));
            let replaced = valid..valid + char::REPLACEMENT_CHARACTER.len_utf8();
            findings.push(diagnose::not_utf8(Site::new(source, replaced), valid));
            return None;
        }
    };
    let mut tree = Tree::parse(sources, source, findings)?;
    matrix::flatten(&mut tree, findings);
    let Some(base) = tree.get("extends").and_then(|base| Some((base.as_str()?, &base.site))) else {
        return Some(tree);
    };
    above.push(origin.identity());
    let found = match files::open_base(&origin, base.0, base.1) {
        Ok(found) if above.contains(&found.origin.identity()) => {
            findings.push(diagnose::extends_cycle(base.1.clone(), &found.shown));
            return None;
        }
        Ok(found) => found,
        Err(finding) => {
            findings.push(finding);
            return None;
        }
    };
    let mut merged = gather(sources, found, above, findings)?;
    merged.overlay(tree);
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_everything_that_is_said() {
        let of = |name: &str, text: &str, set: &[&str], bug: &[&str]| {
            let mut sources = Sources::default();
            sources.add("shown", text);
            let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            let (set, bug) = (own(set), own(bug));
            fingerprint(name, &sources, &Request { set: &set, bug: &bug, ..Request::of("x") })
                .to_string()
        };
        let all = [
            of("a", "t", &[], &[]),
            of("b", "t", &[], &[]),
            of("a", "u", &[], &[]),
            of("a", "t", &["x=1"], &[]),
            of("a", "t", &["x=1", "x=1"], &[]),
            of("a", "t", &[], &["x=1"]),
        ];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
        assert_eq!(all[0], of("a", "t", &[], &[]));
        assert_eq!(all[0].len(), 16);
    }
}
