//! Messages about `[network]`, `[topology]` and their links.

use crate::report::Finding;
use crate::source::Site;
use crate::suggest;

pub(crate) fn queue_without_bandwidth(site: Site, key: &str) -> Finding {
    Finding::error(
        site,
        format!("nothing waits for a link without a bandwidth: `{key}` means nothing"),
    )
    .help("add bandwidth = \"10Mbit/s\", or remove it")
}

pub(crate) fn no_bandwidth(site: Site) -> Finding {
    Finding::error(site, "a link that sends nothing never delivers anything")
        .help("write a bandwidth above zero; to cut a link use a [[fault]]")
}

pub(crate) fn kinds_of_a_wire(site: Site, key: &str) -> Finding {
    Finding::error(site, format!("`{key}` belongs to a link as a whole, not to some `messages`"))
        .help("write it in a [[network.link]] of its own, without `messages`")
}

pub(crate) fn no_kinds(site: Site) -> Finding {
    Finding::error(site, "an empty list names no message").help("leave it out to mean all of them")
}

pub(crate) fn place_like_a_node(site: Site, name: &str) -> Finding {
    Finding::error(site, format!("`{name}` has a meaning already"))
        .help("give the place a name that no node, role, rank or other place has")
}

pub(crate) fn at_two_places(site: Site, node: &str, here: &str, there: &str) -> Finding {
    Finding::error(site, format!("`{node}` stands at two places, `{there}` and `{here}`"))
        .help("take it out of one of them")
}

pub(crate) fn at_no_place(site: Site, node: &str) -> Finding {
    Finding::error(
        site,
        format!("`{node}` stands at no place, and so nothing links it to the others"),
    )
    .help(format!("add \"{node}\", or its role, to one of the places"))
}

pub(crate) fn nobody_at(site: Site, name: &str) -> Finding {
    Finding::error(site, format!("no node stands at `{name}`"))
        .help("name a place with nodes; to cut the links of a place use `cut`")
}

pub(crate) fn unknown_place(site: Site, name: &str, places: &[String]) -> Finding {
    let names = || places.iter().map(String::as_str);
    Finding::error(site, format!("unknown place `{name}`"))
        .help_if(suggest::nearest(name, names()).map(|near| format!("did you mean `{near}`?")))
        .help(format!("this scenario has the places {}", suggest::list(names())))
}

pub(crate) fn between_two_places(site: Site) -> Finding {
    Finding::error(
        site,
        "a link of the topology has either `from` and `to`, or `between` two places",
    )
    .help("write between = [\"rack1\", \"core\"] for both directions")
    .help("write from = \"rack1\", to = \"core\" for one")
}

pub(crate) fn place_linked_to_itself(site: Site) -> Finding {
    Finding::error(site, "a place needs no link to itself")
        .help("messages between nodes of one place go by [network]")
}

pub(crate) fn place_link_twice(site: Site) -> Finding {
    Finding::error(site, "these places are linked in this direction already").help("remove one")
}

pub(crate) fn no_route(site: Site, from: &str, to: &str) -> Finding {
    Finding::warning(site, format!("no route leads from `{from}` to `{to}`"))
        .label("what is sent there is dropped")
        .help("add a [[topology.link]] on the way")
}

// [[fault]] of the network.

pub(crate) fn scope_of_no_change(site: Site, key: &str, kind: &str) -> Finding {
    Finding::error(site, format!("`{key}` says nothing about a `{kind}`")).help(match (kind, key) {
        ("bandwidth", _) => "a link sends all kinds of messages: remove it".to_owned(),
        ("clog", _) => "write clog = { from = \"n1\", to = \"n2\" }".to_owned(),
        _ => format!("remove it: `{key}` belongs to changes of the network like `loss`"),
    })
}

pub(crate) fn scope_twice(site: Site) -> Finding {
    Finding::error(site, "a change is either `between` two, or `from` some `to` others")
        .help("remove `between`, or `from` and `to`")
}

pub(crate) fn ring_is_true(site: Site) -> Finding {
    Finding::error(site, "a ring that is none does nothing").help("write ring = true")
}

pub(crate) fn cut_without_topology(site: Site) -> Finding {
    Finding::error(site, "there are no links between places to cut: the scenario has no [topology]")
        .help("add places and links, or cut nodes apart with partition = [[\"n1\"], [\"n2\", \"n3\"]]")
}

pub(crate) fn cut_of_no_link(site: Site, a: &str, b: &str) -> Finding {
    Finding::error(site, format!("no link joins `{a}` and `{b}`"))
        .help("name two places that a [[topology.link]] is between")
}
