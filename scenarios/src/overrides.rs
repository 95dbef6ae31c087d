//! What the command line changes: `--set a.b=value` and `--bug NAME`.

use toml::de::DeValue;

use crate::diagnose;
use crate::matrix::Matrix;
use crate::report::Finding;
use crate::source::{Site, Sources};
use crate::tree::{Data, Path, Step, Tree};

/// Sets one key; the text is a source of its own, so that messages can underline parts of it. What
/// is an axis of the matrix can not be set beside it.
pub(crate) fn set(
    tree: &mut Tree,
    sources: &mut Sources,
    text: &str,
    matrix: Option<&Matrix>,
    findings: &mut Vec<Finding>,
) {
    let source = sources.add("--set", text);
    let Some((key, value)) = text.split_once('=') else {
        findings.push(diagnose::set_without_value(Site::new(source, 0..text.len())));
        return;
    };
    let key_site = trimmed(source, text, 0, key.len());
    let value_site = trimmed(source, text, key.len() + 1, text.len());
    if value.trim().is_empty() {
        findings.push(diagnose::set_without_value(value_site));
        return;
    }
    let Some(path) = Path::parse(key.trim()) else {
        findings.push(diagnose::set_bad_key(key_site));
        return;
    };
    if path == Path::of("extends") {
        findings.push(diagnose::set_extends(key_site));
        return;
    }
    if path.0.first() == Some(&Step::Key("matrix".to_owned())) {
        findings.push(diagnose::set_matrix(key_site));
        return;
    }
    if matrix.is_some_and(|matrix| matrix.hides(&path)) {
        findings.push(diagnose::set_axis(key_site, &path));
        return;
    }
    if let Some(mut value) = read(value.trim(), value_site, findings) {
        value.key = key_site.clone();
        if let Err(finding) = put(tree, &path, value, &key_site) {
            findings.push(finding);
        }
    }
}

/// Replaces the planted bugs.
pub(crate) fn bugs(
    tree: &mut Tree,
    sources: &mut Sources,
    bugs: &[String],
    matrix: Option<&Matrix>,
    findings: &mut Vec<Finding>,
) {
    let path = Path::of("bug");
    let mut list = Vec::new();
    for bug in bugs {
        let source = sources.add("--bug", bug);
        if matrix.is_some_and(|matrix| matrix.hides(&path)) {
            findings.push(diagnose::set_axis(Site::new(source, 0..bug.len()), &path));
        }
        list.push(Tree::string(bug, Site::new(source, 0..bug.len())));
    }
    if let (Some(first), Some(table)) = (list.first(), tree.table_mut()) {
        let (site, key) = (first.site.clone(), first.site.clone());
        table.insert("bug".to_owned(), Tree { data: Data::List(list), site, key });
    }
}

pub(crate) fn trimmed(source: usize, text: &str, from: usize, to: usize) -> Site {
    let part = &text[from..to];
    let start = from + part.len() - part.trim_start().len();
    let end = start + part.trim().len();
    Site::new(source, start..end)
}

/// A value as TOML; what is no TOML is a string without quotes, unless it begins like something
/// that ends with a bracket or a quote.
pub(crate) fn read(value: &str, site: Site, findings: &mut Vec<Finding>) -> Option<Tree> {
    match DeValue::parse(value) {
        Ok(parsed) => Tree::of_value(parsed, site.source, site.start, findings),
        Err(error) if value.starts_with(['"', '\'', '[', '{']) => {
            let message = error.message();
            findings.push(diagnose::syntax(
                site.clone(),
                value_text(value, &site).as_str(),
                message,
            ));
            None
        }
        Err(_) => Some(Tree::string(value, site)),
    }
}

/// The text in which a value stands at its site.
fn value_text(value: &str, site: &Site) -> String {
    format!("{}{value}", " ".repeat(site.start))
}

pub(crate) fn put(tree: &mut Tree, path: &Path, value: Tree, site: &Site) -> Result<(), Finding> {
    let Some((parent, last)) = path.split_last() else { return Ok(()) };
    let mut at = tree;
    let mut walked = Path::default();
    for (place, step) in parent.0.iter().enumerate() {
        let below = walked.step(step.clone());
        // An entry of a list that is not there: a table in its place would be wrong as well.
        let is_list = matches!(path.0.get(place + 1), Some(Step::Index(_)));
        if let (true, Step::Key(key), Some(table)) = (is_list, step, at.table())
            && !table.contains_key(key)
        {
            return Err(diagnose::set_bad_index(site.clone(), &below, None));
        }
        at = enter(at, &walked, step, site)?;
        walked = below;
    }
    match last {
        Step::Index(_) => *enter(at, &walked, last, site)? = value,
        Step::Key(key) => {
            let is_list = at.list().is_some();
            let Some(table) = at.table_mut() else {
                return Err(diagnose::set_into_value(site.clone(), &walked, is_list));
            };
            table.insert(key.clone(), value);
        }
    }
    Ok(())
}

/// One step down; tables that are not there yet are made.
fn enter<'t>(
    at: &'t mut Tree,
    walked: &Path,
    step: &Step,
    site: &Site,
) -> Result<&'t mut Tree, Finding> {
    let is_list = at.list().is_some();
    match (step, &mut at.data) {
        (Step::Key(key), Data::Table(table)) => Ok(table.entry(key.clone()).or_insert_with(|| {
            let data = Data::Table(std::collections::BTreeMap::new());
            Tree { data, site: site.clone(), key: site.clone() }
        })),
        (Step::Index(index), Data::List(items)) => {
            let length = items.len();
            items
                .get_mut(*index)
                .ok_or_else(|| diagnose::set_bad_index(site.clone(), walked, Some(length)))
        }
        (Step::Key(_), _) => Err(diagnose::set_into_value(site.clone(), walked, is_list)),
        (Step::Index(_), _) => Err(diagnose::set_bad_index(site.clone(), walked, None)),
    }
}
