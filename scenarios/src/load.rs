//! From a name to a plan: gathers the texts, merges them, and resolves the result.

use std::fmt;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Plan;
use rehearsal_sim::simulation::Digest;

use crate::diagnose;
use crate::files::{self, Found, Origin};
use crate::overrides;
use crate::read::Desk;
use crate::report::{Finding, Report, Severity};
use crate::resolve;
use crate::source::{Site, Sources};
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
}

impl<'a> Request<'a> {
    /// A scenario as it is.
    pub fn of(source: &'a str) -> Request<'a> {
        Request { source, set: &[], bug: &[] }
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
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("name", &self.name)
            .field("protocol", &self.entry.name)
            .field("plan", &self.plan)
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}

/// Finds, reads and resolves a scenario.
///
/// # Errors
/// Everything that is wrong with it, each underlined in the text it stands in.
pub fn load(request: &Request<'_>, catalog: &[Entry]) -> Result<Loaded, Report> {
    match files::open(request.source) {
        Ok(found) => resolve_text(found, request, catalog),
        Err(finding) => Err(Report::new(Sources::default(), vec![finding])),
    }
}

/// The same for a text that is no file (yet); `request.source` is what it is called. It can not
/// build on other files.
///
/// # Errors
/// Everything that is wrong with it, each underlined in the text it stands in.
pub fn load_text(text: &[u8], request: &Request<'_>, catalog: &[Entry]) -> Result<Loaded, Report> {
    let shown = request.source.to_owned();
    resolve_text(Found { origin: Origin::Memory, shown, bytes: text.to_vec() }, request, catalog)
}

fn resolve_text(found: Found, request: &Request<'_>, catalog: &[Entry]) -> Result<Loaded, Report> {
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
    for change in request.set {
        overrides::set(&mut tree, &mut sources, change, &mut findings);
    }
    overrides::bugs(&mut tree, &mut sources, request.bug);
    let name = if origin == Origin::Memory { request.source.to_owned() } else { name };
    let scenario = match &origin {
        Origin::Bundled(name) => name.as_str(),
        _ => request.source,
    };
    let fingerprint = fingerprint(scenario, &sources, request);
    let mut desk = Desk::new(&tree);
    let resolved = resolve::plan(&mut desk, catalog, scenario);
    findings.append(&mut desk.findings);
    let is_error = |finding: &Finding| finding.severity() == Severity::Error;
    match resolved {
        Some((plan, entry)) if !findings.iter().any(is_error) => {
            let remarks = Report::new(sources, findings);
            Ok(Loaded { plan, entry: *entry, remarks, name, text, fingerprint })
        }
        _ => {
            findings.retain(is_error);
            assert!(!findings.is_empty(), "a scenario without a plan has an error to show for it");
            Err(Report::new(sources, findings))
        }
    }
}

fn fingerprint(scenario: &str, sources: &Sources, request: &Request<'_>) -> String {
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
    digest.to_string()
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
    let tree = Tree::parse(sources, source, findings)?;
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
            fingerprint(name, &sources, &Request { source: "x", set: &set, bug: &bug })
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
