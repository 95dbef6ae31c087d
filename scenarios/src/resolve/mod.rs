//! From the merged tree to the plan: every name looked up, every number checked.

mod cast;
mod expectations;
mod faults;
mod network;
mod nodes;
mod timeline;
mod topology;
mod workload;
mod world;

use std::collections::BTreeSet;

use rehearsal_sim::bug::BugInfo;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{ErasedConfig, Plan};
use rehearsal_sim::simulation::Laws;
use rehearsal_sim::time::{SimTime, Span};

use crate::diagnose;
use crate::language::{SECTIONS, Top};
use crate::read::{Complaint, Desk};
use crate::tree::{Path, Tree};
use crate::values::Names;

pub(crate) use cast::{Cast, each};

const LONGEST: Span = Span::secs(10 * 365 * 24 * 3600);

/// Makes the plan; `None` when there are errors among the findings of the desk.
pub(crate) fn plan<'c>(
    desk: &mut Desk<'_>,
    catalog: &'c [Entry],
    scenario: &str,
) -> Option<(Plan, &'c Entry)> {
    let top = top(desk, catalog);
    let entry = entry(desk, catalog);
    let duration = top.as_ref().and_then(|top| duration(desk, top.duration));
    let mut cast = entry.and_then(|entry| Cast::read(desk, entry));
    let common = nodes::common(desk);
    let own = cast.as_mut().and_then(|cast| nodes::own(desk, cast, common.as_ref()));
    let network = network::network(desk, entry, cast.as_ref());
    let supervisor = world::supervisor(desk);
    let limits = world::limits(desk);
    let workload = workload::workload(desk, entry, cast.as_ref(), duration);
    let heal = top.as_ref().and_then(|top| heal(desk, top.heal, duration));
    let setting = entry.zip(cast.as_ref());
    let setting = setting.map(|(entry, cast)| faults::Setting {
        entry,
        cast,
        duration,
        heal,
        network: network.as_ref(),
    });
    let faults = faults::faults(desk, setting);
    let expectations = expectations::expectations(desk, entry, duration);
    let latency = network.as_ref().map(|network| &network.latency);
    let config = entry.and_then(|entry| config(desk, entry, latency, cast.as_ref()));
    unused_tables(desk, catalog, entry);
    let bugs = entry.zip(top.as_ref()).and_then(|(entry, top)| bugs(desk, entry, top.bug.as_ref()));
    let (top, entry, common) = (top?, entry?, common?);
    own?;
    let plan = Plan {
        scenario: scenario.to_owned(),
        title: top.title.unwrap_or_else(|| scenario.to_owned()),
        seed: top.seed.unwrap_or(1),
        duration: duration?,
        nodes: cast?.nodes,
        network: network?,
        processor: common.processor,
        clock: common.clock,
        disk: common.disk,
        supervisor: supervisor?,
        limits: limits?,
        workload: workload?,
        faults: faults?,
        heal: heal.map(|heal| SimTime(heal.0)),
        expectations: expectations?,
        config: config?,
        bugs: bugs?,
        laws: Laws::default(),
    };
    Some((plan, entry))
}

/// The paths of the tables in a list of tables; `None` when there is something else.
fn items(desk: &mut Desk<'_>, path: &Path) -> Option<Vec<Path>> {
    let Some(tree) = desk.tree.at(path) else { return Some(Vec::new()) };
    match tree.list() {
        Some(items) => Some((0..items.len()).map(|index| path.item(index)).collect()),
        None => {
            desk.say(diagnose::list_of_tables_expected(tree, path));
            None
        }
    }
}

fn top(desk: &mut Desk<'_>, catalog: &[Entry]) -> Option<Top> {
    let tables = SECTIONS.into_iter().chain(catalog.iter().map(|entry| entry.name));
    let tables: Vec<&str> = tables.collect();
    let elsewhere: BTreeSet<String> = tables.iter().map(|name| (*name).to_owned()).collect();
    desk.read_without(&Path::default(), &elsewhere, &tables)
}

/// The protocol is looked up even when other keys of the top level are wrong, because most of the
/// other mistakes can only be seen by those who know it.
fn entry<'c>(desk: &mut Desk<'_>, catalog: &'c [Entry]) -> Option<&'c Entry> {
    let Some(tree) = desk.tree.get("protocol") else {
        desk.say(diagnose::no_protocol(desk.site(&Path::default()), catalog));
        return None;
    };
    let name = tree.as_str()?;
    let entry = catalog.iter().find(|entry| entry.name == name);
    if entry.is_none() {
        desk.say(diagnose::unknown_protocol(tree.site.clone(), name, catalog));
    }
    entry
}

fn duration(desk: &mut Desk<'_>, duration: Option<Span>) -> Option<Span> {
    let site = desk.site(&Path::of("duration"));
    let Some(duration) = duration else {
        desk.say(diagnose::missing_duration(site));
        return None;
    };
    if duration == Span::ZERO {
        desk.say(diagnose::no_duration(site));
        return None;
    }
    if duration > LONGEST {
        desk.say(diagnose::duration_too_long(site));
        return None;
    }
    Some(duration)
}

/// When the world heals, if it does.
fn heal(desk: &mut Desk<'_>, heal: Option<Span>, duration: Option<Span>) -> Option<Span> {
    let (heal, duration) = (heal?, duration?);
    if heal >= duration || heal == Span::ZERO {
        desk.say(diagnose::heal_after_end(desk.site(&Path::of("heal")), duration));
    }
    Some(heal)
}

fn config(
    desk: &mut Desk<'_>,
    entry: &Entry,
    latency: Option<&Law>,
    cast: Option<&Cast>,
) -> Option<ErasedConfig> {
    let config = configured(desk, entry)?;
    let round_trip = Span(latency?.median().0.saturating_mul(2));
    let table = Path::of(entry.name);
    let mut remarks = (entry.review)(&config, round_trip);
    remarks.extend(cast.iter().flat_map(|cast| (entry.review_cluster)(&config, &cast.counts())));
    for remark in remarks {
        let key = Path::parse(remark.key).map_or_else(|| table.clone(), |key| table.join(&key));
        // A default that was never written is remarked upon where the protocol is chosen.
        let known = desk.tree.at(&key).or(desk.tree.at(&table)).or(desk.tree.get("protocol"));
        if let Some(tree) = known {
            let site = tree.site.clone();
            desk.say(diagnose::remark(site, &remark));
        }
    }
    Some(config)
}

fn configured(desk: &mut Desk<'_>, entry: &Entry) -> Option<ErasedConfig> {
    let path = Path::of(entry.name);
    let table = desk.table_value(&path)?;
    desk.peel(&path, table, &[], |table| {
        (entry.configure)(table).map_err(|error| Complaint {
            path: Path::parse(&error.path).unwrap_or_default(),
            message: error.message,
        })
    })
}

/// Tables of other protocols are checked all the same: changing `protocol` should just work.
fn unused_tables(desk: &mut Desk<'_>, catalog: &[Entry], entry: Option<&Entry>) {
    let Some(used) = entry else { return };
    for other in catalog.iter().filter(|other| other.name != used.name) {
        if let Some(tree) = desk.tree.get(other.name) {
            let site = tree.key.clone();
            if configured(desk, other).is_some() {
                desk.say(diagnose::unused_table(site, other.name, used.name));
            }
        }
    }
}

fn bugs(desk: &mut Desk<'_>, entry: &Entry, names: Option<&Names>) -> Option<Vec<usize>> {
    let known: Vec<BugInfo> = (entry.bugs)();
    let mut bugs = Some(Vec::new());
    let Some(names) = names else { return bugs };
    for (name, at) in each(names, &Path::of("bug")) {
        let found = known.iter().position(|bug| bug.slug == name || bug.id == Some(name));
        match (found, &mut bugs) {
            (None, _) => {
                desk.say(diagnose::unknown_bug(desk.site(&at), name, entry.name, &known));
                bugs = None;
            }
            (Some(bug), Some(list)) if list.contains(&bug) => {
                desk.say(diagnose::named_twice(desk.site(&at), name));
                bugs = None;
            }
            (Some(bug), Some(list)) => list.push(bug),
            (Some(_), None) => {}
        }
    }
    bugs
}

/// Whether a tree has anything in it at all.
pub(crate) fn is_empty(tree: &Tree) -> bool {
    tree.table().is_some_and(std::collections::BTreeMap::is_empty)
}
