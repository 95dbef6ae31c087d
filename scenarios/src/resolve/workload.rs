//! What applications do: `[workload]`.

use std::collections::BTreeMap;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{Load, Workload};
use rehearsal_sim::time::{SimTime, Span};

use super::cast::Cast;
use super::world::law;
use crate::diagnose;
use crate::language::{Arrivals, WorkloadTable};
use crate::read::Desk;
use crate::tree::Path;
use crate::values::Rate;

const DEFAULT_KEYS: u64 = 100;

/// `None` when something is wrong; `Some(None)` when nobody calls anything.
pub(super) fn workload(
    desk: &mut Desk<'_>,
    entry: Option<&Entry>,
    cast: Option<&Cast>,
    duration: Option<Span>,
) -> Option<Option<Workload>> {
    let path = Path::of("workload");
    if desk.tree.at(&path).is_none() {
        return Some(None);
    }
    let table = desk.read::<WorkloadTable>(&path)?;
    let mix = entry.and_then(|entry| mix(desk, entry, table.mix.as_ref(), &path.key("mix")));
    let keys = keys(desk, &path, table.keys.clone());
    let times = times(desk, &path, &table, duration);
    let cast = cast.filter(|_| entry.is_some_and(|entry| !entry.operations.is_empty()));
    let load = load(desk, &path, &table, cast);
    let (start, stop) = times?;
    Some(Some(Workload { load: load?, keys, mix: mix?, start, stop }))
}

fn load(
    desk: &mut Desk<'_>,
    path: &Path,
    table: &WorkloadTable,
    cast: Option<&Cast>,
) -> Option<Load> {
    let load = match (table.rate, &table.think) {
        (Some(rate), None) => open(desk, path, rate, table),
        (None, Some(think)) => closed(desk, path, think, table, cast),
        (None, None) => {
            desk.say(diagnose::workload_without_load(desk.site(path)));
            None
        }
        (Some(_), Some(_)) => {
            let (rate, think) = (path.key("rate"), path.key("think"));
            desk.say(diagnose::rate_and_think(desk.key_site(&think), desk.key_site(&rate)));
            None
        }
    };
    if cast?.called() == 0 {
        desk.say(diagnose::nobody_to_call(desk.key_site(path), cast?));
        return None;
    }
    load
}

fn open(desk: &mut Desk<'_>, path: &Path, rate: Rate, table: &WorkloadTable) -> Option<Load> {
    if table.users.is_some() {
        desk.say(diagnose::users_without_think(desk.key_site(&path.key("users"))));
    }
    let Some(gap) = rate.gap() else {
        desk.say(diagnose::rate_out_of_range(desk.site(&path.key("rate")), rate.count == 0));
        return None;
    };
    let gap = match table.arrivals.unwrap_or(Arrivals::Poisson) {
        Arrivals::Poisson => Law::Exponential { mean: gap },
        Arrivals::Constant => Law::Constant(gap),
    };
    if let Err(why) = gap.check() {
        desk.say(diagnose::senseless(desk.site(&path.key("rate")), &why));
    }
    Some(Load::Open { gap })
}

fn closed(
    desk: &mut Desk<'_>,
    path: &Path,
    think: &Law,
    table: &WorkloadTable,
    cast: Option<&Cast>,
) -> Option<Load> {
    if table.arrivals.is_some() {
        desk.say(diagnose::arrivals_without_rate(desk.key_site(&path.key("arrivals"))));
    }
    let think = law(desk, &path.key("think"), Some(think.clone()))?;
    let users = match table.users {
        Some(0) => {
            desk.say(diagnose::no_users(desk.site(&path.key("users"))));
            return None;
        }
        Some(users) => users,
        None => u32::try_from(cast?.called()).ok()?,
    };
    Some(Load::Closed { users, think })
}

fn keys(desk: &mut Desk<'_>, path: &Path, keys: Option<KeyLaw>) -> KeyLaw {
    let keys = keys.unwrap_or(KeyLaw::Uniform { count: DEFAULT_KEYS });
    if let Err(why) = keys.check() {
        desk.say(diagnose::senseless(desk.site(&path.key("keys")), &why));
    }
    keys
}

fn times(
    desk: &mut Desk<'_>,
    path: &Path,
    table: &WorkloadTable,
    duration: Option<Span>,
) -> Option<(SimTime, Option<SimTime>)> {
    let start = table.start.unwrap_or(Span::ZERO);
    if let Some(stop) = table.stop
        && stop <= start
    {
        let stop_site = desk.site(&path.key("stop"));
        let start_site = table.start.map(|_| desk.site(&path.key("start")));
        desk.say(diagnose::stop_before_start(stop_site, start_site, start));
        return None;
    }
    if let Some(duration) = duration
        && start >= duration
    {
        desk.say(diagnose::workload_after_end(desk.site(&path.key("start")), duration));
    }
    Some((SimTime(start.0), table.stop.map(|stop| SimTime(stop.0))))
}

/// Weights by kind of operation, in the order of the kinds.
fn mix(
    desk: &mut Desk<'_>,
    entry: &Entry,
    mix: Option<&BTreeMap<String, f64>>,
    path: &Path,
) -> Option<Vec<(usize, u64)>> {
    if entry.operations.is_empty() {
        desk.say(diagnose::no_operations(desk.key_site(&Path::of("workload")), entry.name));
        return None;
    }
    let Some(mix) = mix else { return Some((0..entry.operations.len()).map(|i| (i, 1)).collect()) };
    let before = desk.findings.len();
    let mut weights = Vec::new();
    for (kind, weight) in mix {
        let at = path.key(kind);
        match entry.operations.iter().position(|known| known == kind) {
            None => {
                desk.say(diagnose::unknown_key(desk.tree, path, kind, entry.operations));
            }
            Some(_) if *weight < 0.0 => desk.say(diagnose::weight_below_zero(desk.site(&at))),
            Some(index) => weights.push((index, *weight)),
        }
    }
    if desk.findings.len() > before {
        return None;
    }
    weights.sort_by_key(|(index, _)| *index);
    match whole_weights(&weights) {
        Some(weights) if weights.is_empty() => {
            desk.say(diagnose::mix_of_nothing(desk.site(path)));
            None
        }
        Some(weights) => Some(weights),
        None => {
            desk.say(diagnose::mix_too_fine(desk.site(path)));
            None
        }
    }
}

/// The smallest whole numbers in the same proportions, exactly as they are written in decimal;
/// `None` when those do not fit. Kinds without weight are left out.
fn whole_weights(weights: &[(usize, f64)]) -> Option<Vec<(usize, u64)>> {
    // The shortest decimal that reads back as the same float is what stands in the file.
    let written: Vec<(usize, String)> =
        weights.iter().map(|(index, weight)| (*index, weight.to_string())).collect();
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let most = written.iter().map(|(_, text)| decimals(text)).max().unwrap_or(0);
    let mut whole = Vec::new();
    for (index, text) in &written {
        let zeros = most - decimals(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let number: u64 = format!("{digits}{}", "0".repeat(zeros)).parse().ok()?;
        if number > 0 {
            whole.push((*index, number));
        }
    }
    let divisor = whole.iter().fold(0, |divisor, (_, number)| common_divisor(divisor, *number));
    let whole: Vec<(usize, u64)> =
        whole.into_iter().map(|(index, number)| (index, number / divisor)).collect();
    // The engine draws below the sum.
    whole.iter().try_fold(0_u64, |sum, (_, number)| sum.checked_add(*number))?;
    Some(whole)
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_the_smallest_whole_numbers() {
        let whole = |weights: &[f64]| {
            let weights: Vec<(usize, f64)> = weights.iter().copied().enumerate().collect();
            whole_weights(&weights)
        };
        assert_eq!(whole(&[0.5, 0.4, 0.1]), Some(vec![(0, 5), (1, 4), (2, 1)]));
        assert_eq!(whole(&[0.1, 0.2, 0.7]), Some(vec![(0, 1), (1, 2), (2, 7)]));
        assert_eq!(whole(&[95.0, 5.0]), Some(vec![(0, 19), (1, 1)]));
        assert_eq!(whole(&[1.0, 0.0]), Some(vec![(0, 1)]));
        assert_eq!(whole(&[0.0]), Some(vec![]));
        assert_eq!(whole(&[1e-7, 1.0]), Some(vec![(0, 1), (1, 10_000_000)]));
        assert_eq!(whole(&[1e-300, 1.0]), None);
    }
}
