//! Every message of this crate, one function each. A message says what is wrong in a sentence and
//! then how to cure it; names and code stand in backticks.

mod disks;
mod files;
mod matrix;
mod misread;
mod network;
mod trouble;

pub(crate) use disks::*;
pub(crate) use files::*;
pub(crate) use matrix::*;
pub(crate) use misread::{expected_names, misread, missing_field, unknown_field, unknown_key};
pub(crate) use network::*;
pub(crate) use trouble::*;

use rehearsal_sim::bug::BugInfo;
use rehearsal_sim::catalog::{Entry, RoleInfo};
use rehearsal_sim::protocol::Remark;
use rehearsal_sim::time::Span;

use crate::report::Finding;
use crate::resolve::Cast;
use crate::source::Site;
use crate::suggest;
use crate::tree::{Data, Path, Tree};

// The top level.

pub(crate) fn table_expected(tree: &Tree, path: &Path) -> Finding {
    let place = misread::place(path);
    let finding = Finding::error(
        tree.site.clone(),
        format!("{place} is a table, this is {}", misread::describe(tree)),
    );
    match &tree.data {
        Data::List(_) => finding.help(format!("write {place} in single brackets")),
        _ => finding.help(format!("write {place} on a line of its own, and its keys below")),
    }
}

pub(crate) fn list_of_tables_expected(tree: &Tree, path: &Path) -> Finding {
    let found = misread::describe(tree);
    Finding::error(tree.site.clone(), format!("`{path}` is a list of tables, this is {found}"))
        .help(format!("write [[{path}]], in double brackets, once for each entry"))
}

pub(crate) fn unknown_protocol(site: Site, name: &str, catalog: &[Entry]) -> Finding {
    let names = || catalog.iter().map(|entry| entry.name);
    Finding::error(site, format!("unknown protocol \"{name}\""))
        .help_if(suggest::nearest(name, names()).map(|near| format!("did you mean \"{near}\"?")))
        .help(format!("the catalog has {}", suggest::list(names())))
}

pub(crate) fn no_protocol(site: Site, catalog: &[Entry]) -> Finding {
    Finding::error(site, "the scenario does not say which `protocol` runs")
        .help("add protocol = \"...\" at the top")
        .help(format!("the catalog has {}", suggest::list(catalog.iter().map(|entry| entry.name))))
}

pub(crate) fn missing_duration(site: Site) -> Finding {
    Finding::error(site, "the scenario does not say how long a run lasts: `duration` is missing")
        .help("add duration = \"20s\" at the top")
}

pub(crate) fn no_duration(site: Site) -> Finding {
    Finding::error(site, "a run needs some time").help("write a duration above zero, like \"20s\"")
}

pub(crate) fn duration_too_long(site: Site) -> Finding {
    Finding::error(site, "a run can last 10 years at most")
        .help("most of what can happen happens within minutes: try \"20s\" and more seeds")
}

pub(crate) fn unknown_bug(site: Site, name: &str, protocol: &str, known: &[BugInfo]) -> Finding {
    let names: Vec<&str> =
        known.iter().flat_map(|bug| [Some(bug.slug), bug.id]).flatten().collect();
    let near = suggest::nearest(name, names.iter().copied());
    let finding = Finding::error(site, format!("{protocol} has no planted bug \"{name}\""))
        .help_if(near.map(|near| format!("did you mean \"{near}\"?")));
    if known.is_empty() {
        return finding.help(format!("no bugs can be planted into {protocol}"));
    }
    finding.help(format!("its bugs are {}", suggest::list(names)))
}

pub(crate) fn remark(site: Site, remark: &Remark) -> Finding {
    let new = if remark.is_error { Finding::error } else { Finding::warning };
    let finding = new(site, remark.message.clone());
    if remark.help.is_empty() { finding } else { finding.help(remark.help.clone()) }
}

pub(crate) fn unused_table(site: Site, table: &str, protocol: &str) -> Finding {
    Finding::note(site, format!("[{table}] is checked but not used: the protocol is {protocol}"))
}

// [cluster]

pub(crate) fn too_many_nodes(site: Site, total: u64, most: u64) -> Finding {
    Finding::error(site, format!("a cluster has at most {most} nodes, this one has {total}"))
        .help("make this number smaller")
}

pub(crate) fn no_nodes_of_first_role(site: Site, role: &RoleInfo) -> Finding {
    Finding::error(site, format!("a cluster needs at least one of its {}", role.plural))
        .help(format!("write a number from 1 up; {} is the default", role.default_count))
}

pub(crate) fn no_count(site: Site, found: &str) -> Finding {
    Finding::error(site, format!("{found} is no number of nodes"))
        .help("write a whole number, like 5")
}

pub(crate) fn nobody_of_role(site: Site, plural: &str) -> Finding {
    Finding::error(site, format!("this cluster has no {plural}"))
        .help(format!("set `{plural}` in [cluster], or name other nodes"))
}

pub(crate) fn unknown_node(site: Site, name: &str, cast: &Cast) -> Finding {
    let roles: Vec<&str> = cast.roles.iter().map(|role| role.plural).collect();
    Finding::error(site, format!("unknown node `{name}`"))
        .label("nobody has this name")
        .help_if(cast.near(name).map(|near| format!("did you mean `{near}`?")))
        .help(format!(
            "this scenario has nodes {}; {} name all of a role",
            cast.summary(),
            suggest::list(roles)
        ))
}

pub(crate) fn named_twice(site: Site, name: &str) -> Finding {
    Finding::error(site, format!("`{name}` is named twice")).help("remove one")
}

pub(crate) fn nobody_named(site: Site) -> Finding {
    Finding::error(site, "an empty list names nobody").help("name a node, like \"n1\"")
}

pub(crate) fn mixed_target(site: Site) -> Finding {
    Finding::error(
        site,
        "those who are looked up when a fault strikes, like \"leader\", share no list",
    )
    .help("write one [[fault]] for each, at the same time")
}

// [network], [disk] and laws

pub(crate) fn senseless(site: Site, why: &str) -> Finding {
    let (what, help) = misread::split_cure(why);
    Finding::error(site, what).help_if(help.map(str::to_owned))
}

pub(crate) fn rank_of_link(site: Site, name: &str) -> Finding {
    Finding::error(site, format!("links are laid before anybody is {name}"))
        .help("name nodes or a role; a [[fault]] can aim at a rank")
}

pub(crate) fn link_without_effect(site: Site) -> Finding {
    Finding::warning(site, "nothing is different about these links")
        .help("add what differs: `latency`, `loss`, `bandwidth`, ...")
}

pub(crate) fn link_without_ends(site: Site) -> Finding {
    Finding::error(site, "a link has either `from` and `to`, or `between`")
        .help("write from = \"n1\", to = \"n2\" for one direction")
        .help("write between = [\"n1\", \"n2\"] for both")
        .help("with `messages` it may be about all links")
}

pub(crate) fn between_needs_two(site: Site, found: usize) -> Finding {
    Finding::error(site, format!("a link is between two ends, not {found}"))
        .help("write between = [\"n1\", \"n2\"], with nodes or roles")
}

// [workload]

pub(crate) fn workload_without_load(site: Site) -> Finding {
    Finding::error(site, "[workload] does not say when operations are called")
        .help("add rate = \"500/s\" for an open loop, or think = \"10ms\" for a closed one")
        .help("without any [workload] nobody calls anything")
}

pub(crate) fn rate_and_think(think: Site, rate: Site) -> Finding {
    Finding::error(think, "a workload has either a `rate` or users who `think`")
        .label("closed loop")
        .also(rate, "open loop")
        .help("remove one of them")
}

pub(crate) fn users_without_think(site: Site) -> Finding {
    Finding::error(site, "`users` belong to a closed loop, and a `rate` is open")
        .help("remove `users`, or write think = \"10ms\" in place of `rate`")
}

pub(crate) fn arrivals_without_rate(site: Site) -> Finding {
    Finding::error(site, "`arrivals` belong to an open loop, and users who `think` are closed")
        .help("remove `arrivals`, or write rate = \"500/s\" in place of `think`")
}

pub(crate) fn rate_out_of_range(site: Site, is_zero: bool) -> Finding {
    if is_zero {
        return Finding::error(site, "a rate of zero calls nothing")
            .help("leave out [workload] to have no operations at all");
    }
    Finding::error(site, "more than one operation in a nanosecond").help("lower the rate")
}

pub(crate) fn no_users(site: Site) -> Finding {
    Finding::error(site, "no users, no operations").help("write at least 1")
}

pub(crate) fn nobody_to_call(site: Site, cast: &Cast) -> Finding {
    let callable: Vec<&str> =
        cast.roles.iter().filter(|role| role.takes_calls).map(|role| role.plural).collect();
    let finding = Finding::error(site, "there is no node that operations could be called on");
    match callable.first() {
        Some(plural) => finding.help(format!("set {plural} = 1 or more in [cluster]")),
        None => finding.help("this protocol takes no calls: remove [workload]"),
    }
}

pub(crate) fn no_operations(site: Site, protocol: &str) -> Finding {
    Finding::error(site, format!("{protocol} has no operations to call")).help("remove [workload]")
}

pub(crate) fn stop_before_start(stop: Site, start: Option<Site>, begins: Span) -> Finding {
    let finding = Finding::error(stop, "the workload stops before it starts");
    let finding = match start {
        Some(start) => finding.also(start, "it starts here"),
        None => finding,
    };
    finding.help(format!("write a time after {begins}"))
}

pub(crate) fn workload_after_end(site: Site, duration: Span) -> Finding {
    Finding::warning(site, format!("the run ends at {duration}: no operation is ever called"))
        .help("start earlier, or make `duration` longer")
}

pub(crate) fn weight_below_zero(site: Site) -> Finding {
    Finding::error(site, "a weight can not be below zero")
        .help("write 0 to have none of these operations")
}

pub(crate) fn mix_of_nothing(site: Site) -> Finding {
    Finding::error(site, "the mix has no operations in it")
        .help("give at least one kind a weight above zero, or leave out `mix`")
}

pub(crate) fn mix_too_fine(site: Site) -> Finding {
    Finding::error(site, "these weights are too far apart to be drawn exactly")
        .help("write weights of a few digits, like 0.95 and 0.05")
}
