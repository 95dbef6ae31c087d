//! Messages about `[[fault]]` and `[[expect]]`.

use rehearsal_sim::time::{SimTime, Span};

use crate::language::FAULT_KINDS;
use crate::report::Finding;
use crate::source::Site;
use crate::suggest;
use crate::tree::Path;

pub(crate) fn fault_without_kind(site: Site) -> Finding {
    Finding::error(site, "this fault does not say what goes wrong")
        .help(format!("add one of {}", suggest::list(FAULT_KINDS)))
}

pub(crate) fn two_faults(
    (first, first_site): (&str, Site),
    (second, site): (&str, Site),
) -> Finding {
    Finding::error(site, format!("one [[fault]] is one thing, not `{first}` and `{second}`"))
        .also(first_site, "this is a fault already")
        .help("write a second [[fault]], at the same time")
}

pub(crate) fn fault_after_end(site: Site, duration: Span) -> Finding {
    Finding::warning(site, format!("the run ends at {duration}: this fault never strikes"))
        .help("let it strike earlier, or make `duration` longer")
}

pub(crate) fn lasting_crash(site: Site, kind: &str, span: Span) -> Finding {
    let finding = Finding::error(site, format!("a `{kind}` happens at once, it does not last"));
    if matches!(kind, "crash" | "power_off" | "wipe") {
        return finding.help(format!("use restart_after = \"{span}\" to bring the process back"));
    }
    finding.help("remove `for`")
}

pub(crate) fn restart_after_without_crash(site: Site, kind: &str) -> Finding {
    Finding::error(site, format!("`restart_after` belongs to a `crash`, not to `{kind}`"))
        .help("use `for` to say how long this fault lasts")
}

pub(crate) fn fault_of_no_length(site: Site) -> Finding {
    Finding::error(site, "a fault that lasts no time does nothing")
        .help("write a duration above zero, or leave out `for` to let it last to the end")
}

pub(crate) fn restart_of_rank(site: Site) -> Finding {
    Finding::error(site, "a crashed process has no rank, so it can not be found by one")
        .help("name nodes or a role; or write restart_after beside the `crash`")
}

pub(crate) fn isolated_from_nobody(site: Site, plural: &str) -> Finding {
    Finding::error(
        site,
        format!("these are all the {plural}: there is nobody to isolate them from"),
    )
    .help("name fewer nodes")
}

pub(crate) fn one_group(site: Site, found: usize) -> Finding {
    Finding::error(site, format!("a partition has at least two groups, this one has {found}"))
        .help("write partition = [[\"n1\", \"n2\"], [\"n3\"]], or isolate = \"n1\"")
}

pub(crate) fn in_two_groups(site: Site, there: Site, name: &str) -> Finding {
    Finding::error(site, format!("`{name}` is in two groups of one partition"))
        .label("a second time")
        .also(there, "it is here already")
        .help("a node that is to reach every group is in none of them")
}

pub(crate) fn one_way_is_a_table(site: Site) -> Finding {
    Finding::error(site, "`one_way` has two ends with names")
        .help("write one_way = { from = \"n1\", to = \"n2\" }")
}

pub(crate) fn kind_is_a_table(site: Site, kind: &str, example: &str) -> Finding {
    Finding::error(site, format!("`{kind}` is a table, this is a list"))
        .help(format!("write {kind} = {example}"))
}

pub(crate) fn one_way_to_itself(site: Site) -> Finding {
    Finding::error(site, "messages of a node to itself do not travel: they can not be cut")
        .help("name somebody else")
}

pub(crate) fn crash_of_crashed(
    site: Site,
    name: &str,
    at: SimTime,
    (earlier, until): (Site, Option<SimTime>),
) -> Finding {
    let finding = Finding::error(site, format!("`{name}` is already down at {}", Span(at.0)));
    match until {
        None => finding
            .also(earlier, "it crashed here and stays down")
            .help("add restart_after to the earlier crash, or a fault with `restart` in between"),
        Some(until) => finding
            .also(earlier, format!("it crashed here, until {}", Span(until.0)))
            .help(format!("let it crash after {}, or let it restart sooner", Span(until.0))),
    }
}

pub(crate) fn restart_of_running(site: Site, name: &str, at: SimTime) -> Finding {
    Finding::error(site, format!("`{name}` is running at {}: nothing to restart", Span(at.0)))
        .help(format!("add a fault with crash = \"{name}\" before it, or remove this one"))
}

pub(crate) fn pause_of_crashed(
    site: Site,
    name: &str,
    (earlier, since): (Site, SimTime),
) -> Finding {
    Finding::error(site, format!("`{name}` is down: it can not be paused"))
        .also(earlier, format!("it crashed here, at {}", Span(since.0)))
        .help("pause it before it crashes or after it restarts")
}

// [[expect]]

pub(crate) fn expect_nothing(site: Site) -> Finding {
    Finding::error(site, "this expectation demands nothing")
        .help("add one, like linearizable = true or unavailable_at_most = \"1s\"")
}

pub(crate) fn two_expectations(
    (first, first_site): (&str, Site),
    (second, site): (&str, Site),
) -> Finding {
    Finding::error(site, format!("one [[expect]] is one demand, not `{first}` and `{second}`"))
        .also(first_site, "this is a demand already")
        .help("write a second [[expect]]")
}

pub(crate) fn during_after_end(site: Site, duration: Span) -> Finding {
    Finding::error(site, format!("this part of the run lies outside of it: it ends at {duration}"))
        .help("end earlier, or make `duration` longer")
}

pub(crate) fn property_denied(site: Site, path: &Path) -> Finding {
    let property = path.to_string();
    let property = property.rsplit('.').next().unwrap_or_default();
    Finding::error(site, "a property is demanded, or it is left out")
        .help(format!("write violates = \"{property}\" to demand that it is broken"))
}

pub(crate) fn unknown_property(site: Site, property: &str, known: &[&str]) -> Finding {
    let near = suggest::nearest(property, known.iter().copied());
    Finding::error(site, format!("unknown property \"{property}\""))
        .help_if(near.map(|near| format!("did you mean \"{near}\"?")))
        .help(format!("what can be violated is {}", suggest::list(known.iter().copied())))
}

pub(crate) fn unknown_metric(site: Site, name: &str, known: &[&str]) -> Finding {
    let near = suggest::nearest(name, known.iter().copied());
    Finding::error(site, format!("nobody counts a metric `{name}`"))
        .help_if(near.map(|near| format!("did you mean `{near}`?")))
        .help(format!("the metrics are {}", suggest::list(known.iter().copied())))
}

pub(crate) fn one_metric(site: Site, found: usize) -> Finding {
    Finding::error(site, format!("one [[expect]] is about one metric, not {found}"))
        .help("write metric.elections = { min = 2 }, and one [[expect]] for each metric")
}

pub(crate) fn metric_without_bounds(site: Site, name: &str) -> Finding {
    Finding::error(site, "a metric is expected to have a least or a largest value")
        .help(format!("write metric.{name} = {{ min = 2 }}, {{ max = 5 }} or both"))
}

pub(crate) fn bounds_exchanged(site: Site) -> Finding {
    Finding::error(site, "no number is at least `min` and at most `max`").help("exchange them")
}

// When faults strike.

pub(crate) fn fault_without_time(site: Site) -> Finding {
    Finding::error(site, "this fault does not say when it strikes")
        .help("add at = \"5s\" for once, every = \"2s\" for again and again")
        .help("or on = { event = \"...\" } for when something happens")
}

pub(crate) fn every_and_on(site: Site, every: Site) -> Finding {
    Finding::error(site, "a fault strikes again and again or when something happens, not both")
        .also(every, "it strikes again and again")
        .help("remove one; with `on`, `times` lets it strike at each further occurrence")
}

pub(crate) fn after_without_on(site: Site) -> Finding {
    Finding::error(site, "`after` counts from what a fault is tied to by `on`")
        .help("use `at` for an instant of the run, or add on = { event = \"...\" }")
}

pub(crate) fn repeats_without_every(site: Site, key: &str) -> Finding {
    Finding::error(site, format!("`{key}` is for a fault that can strike more than once"))
        .help(format!("add every = \"2s\" or `on`, or remove `{key}`"))
}

pub(crate) fn never_strikes(site: Site) -> Finding {
    Finding::error(site, "a fault that strikes 0 times does nothing")
        .help("write at least 1, or remove the [[fault]]")
}

pub(crate) fn until_before_at(site: Site, from: Span) -> Finding {
    Finding::error(site, format!("this ends before the fault begins to strike, at {from}"))
        .help("write a later time")
}

pub(crate) fn gap_of_no_length(site: Site) -> Finding {
    Finding::error(site, "a fault can not strike again without any time between")
        .help("write a duration above zero, like \"2s\"")
}

pub(crate) fn counted_from_one(site: Site) -> Finding {
    Finding::error(site, "occurrences are counted from 1").help("write 1 for the first")
}

pub(crate) fn on_nothing(site: Site) -> Finding {
    Finding::error(site, "`on` does not say what has to happen")
        .help("add one of `event`, `message`, `delivered`, `rank` and `sync`")
}

pub(crate) fn on_two_things(site: Site) -> Finding {
    Finding::error(site, "`on` is one thing").help("remove one, or write a second [[fault]]")
}

pub(crate) fn place_of_on(site: Site, key: &str, what: &str) -> Finding {
    let cure = match key {
        "node" => "a message has two ends: use `from` and `to`",
        _ => "use `node` for where it happens",
    };
    Finding::error(site, format!("`{key}` does not go with `{what}`")).help(cure)
}

pub(crate) fn unknown_occurrence(site: Site, name: &str, kind: &str, known: &[&str]) -> Finding {
    let finding = Finding::error(site, format!("the protocol has no {kind} `{name}`"));
    if known.is_empty() {
        return finding.help(format!("it has no {kind}s at all"));
    }
    let near = suggest::nearest(name, known.iter().copied());
    finding
        .help_if(near.map(|near| format!("did you mean `{near}`?")))
        .help(format!("it has {}", suggest::list(known.iter().copied())))
}

pub(crate) fn sync_is_true(site: Site) -> Finding {
    Finding::error(site, "a fault can not wait for no sync").help("write sync = true")
}

pub(crate) fn it_without_on(site: Site) -> Finding {
    Finding::error(site, "\"it\" is the node that the `on` of a fault happened on: there is none")
        .help("add on = { event = \"...\" }, or name somebody else")
}

pub(crate) fn peer_without_message(site: Site) -> Finding {
    Finding::error(site, "\"peer\" is the other end of the message that a fault waits for")
        .help("add on = { message = \"...\" } or { delivered = \"...\" }, or name somebody else")
}

pub(crate) fn others_without_groups(site: Site) -> Finding {
    Finding::error(site, "\"others\" are those whom no other group of a partition names")
        .help("use it in `partition`, or name somebody else")
}

pub(crate) fn fault_after_heal(site: Site, heal: Span) -> Finding {
    Finding::error(site, format!("the world heals at {heal}: no fault strikes from then on"))
        .help("let it strike earlier, or let the world `heal` later")
}

pub(crate) fn heal_after_end(site: Site, duration: Span) -> Finding {
    Finding::error(site, format!("the run ends at {duration}, before the world heals"))
        .help("write a time that leaves some of the run for the second phase")
}

// [swarm]

pub(crate) fn sizes_out_of_range(site: Site) -> Finding {
    Finding::error(site, "these are no sizes that a cluster could be drawn from")
        .help("write whole numbers from 1 to 100, like [3, 4, 5]")
}

pub(crate) fn profiles_of_nothing(site: Site) -> Finding {
    Finding::error(site, "no profile has a weight, so none can be drawn")
        .help("give one a weight above zero, or leave out `profiles`")
}

pub(crate) fn unknown_family(site: Site, name: &str, known: &[&str]) -> Finding {
    Finding::error(site, format!("there is no family of faults \"{name}\""))
        .help_if(
            suggest::nearest(name, known.iter().copied())
                .map(|near| format!("did you mean \"{near}\"?")),
        )
        .help(format!("there are {}", suggest::list(known.iter().copied())))
}
