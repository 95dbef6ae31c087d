//! A swarm: every seed draws a bad day of its own.
//!
//! What helps to find bugs is less the rate of faults than their mix: families that are always on
//! hide what happens without them (Groce, Zhang, Eide, Chen, Regehr 2012, "Swarm testing"). So each
//! run switches about half of the families off and draws wild rates for the rest, sizes of the
//! cluster and limits of the protocol included.
//!
//! A drawn day is a text of the scenario language, and nothing else: the plan that runs is what that
//! text means. So it can be printed, kept, changed and run again, and gives the same digest.

mod day;
mod dice;
mod families;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rehearsal_sim::catalog::{Entry, WORLD_METRICS};
use rehearsal_sim::plan::{ErasedConfig, Plan};
use rehearsal_sim::time::Span;
use serde_json::Value;

use crate::diagnose;
use crate::language::{Profiles, SwarmTable};
use crate::load::{Loaded, Request, load_text};
use crate::read::Desk;
use crate::report::Report;
use crate::resolve::each;
use crate::tree::Path;
use crate::values::Names;
use dice::Dice;
use families::{FAMILIES, Family};

pub(crate) use families::{families, names};

/// A scenario that draws a day for every seed.
pub struct Swarm {
    /// The scenario itself, without its table `[swarm]`.
    base: Value,
    /// What the drawn days are called.
    scenario: String,
    catalog: Vec<Entry>,
    entry: Entry,
    profiles: [u32; 4],
    families: Vec<&'static Family>,
    sizes: Vec<u32>,
    limits: bool,
    reaches: Vec<String>,
    heal: Span,
    config: ErasedConfig,
}

impl fmt::Debug for Swarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Swarm").field("scenario", &self.scenario).finish_non_exhaustive()
    }
}

/// The profiles, in the order of their weights.
const PROFILES: [&str; 4] = ["swarm", "everything", "points", "calm"];
/// Their weights where none are written, in percent: fixed mixes find what is common, swarms what is
/// rare, and faults at points of the protocol what is rarest.
const WEIGHTS: [u32; 4] = [60, 15, 20, 5];
/// So many seeds come by every situation that is asked for.
const MANY: u64 = 1_000;
/// Numbers of the draws that are no family's.
const SUBJECT_PROFILE: u32 = 1_000;
const SUBJECT_SIZE: u32 = 1_001;
const SUBJECT_LATENCY: u32 = 1_002;
const SUBJECT_LIMITS: u32 = 1_003;
const SUBJECT_POINTS: u32 = 1_004;
/// Whether a family is on: this and its number.
const SUBJECT_IS_ON: u32 = 2_000;

/// A day that was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// What runs.
    pub plan: Plan,
    /// The same as a scenario file, which can be kept and run.
    pub text: String,
    /// The profile: `swarm`, `everything`, `points`, `calm`.
    pub profile: &'static str,
    /// The families of faults that were drawn.
    pub families: Vec<&'static str>,
}

impl Loaded {
    /// The plan of a seed: the scenario's own, or the one that its swarm draws.
    ///
    /// # Errors
    /// What is wrong with a drawn plan; drawn plans are meant to have nothing wrong with them.
    pub fn plan_for(&self, seed: u64) -> Result<Cow<'_, Plan>, Report> {
        match &self.swarm {
            None => Ok(Cow::Borrowed(&self.plan)),
            Some(swarm) => Ok(Cow::Owned(swarm.draw(seed)?.plan)),
        }
    }

    /// What the scenario's swarm draws for a seed; `None` where it has no swarm.
    ///
    /// # Errors
    /// As [`Loaded::plan_for`].
    pub fn drawn(&self, seed: u64) -> Option<Result<Drawn, Report>> {
        self.swarm.as_ref().map(|swarm| swarm.draw(seed))
    }
}

impl Swarm {
    /// What a sweep over so many seeds has to reach: probes, and metrics that rise above zero.
    pub fn reaches(&self, seeds: u64) -> &[String] {
        if seeds < MANY { &[] } else { &self.reaches }
    }

    /// Reads `[swarm]`, if there is one.
    pub(crate) fn read(
        desk: &mut Desk<'_>,
        plan: &Plan,
        entry: &Entry,
        catalog: &[Entry],
    ) -> Option<Arc<Swarm>> {
        let path = Path::of("swarm");
        desk.tree.at(&path)?;
        let table = desk.read::<SwarmTable>(&path)?;
        let profiles = profiles(desk, &path.key("profiles"), table.profiles.as_ref())?;
        let all = || FAMILIES.iter().filter(|family| family.in_envelope).collect();
        let families = match &table.families {
            None => Some(all()),
            Some(names) => families_of(desk, names, &path.key("families")),
        };
        let without = match &table.without {
            None => Some(Vec::new()),
            Some(names) => families_of(desk, names, &path.key("without")),
        };
        let (mut families, without) = (families?, without?);
        families.retain(|family| !without.iter().any(|other| other.name == family.name));
        let sizes = table.sizes.unwrap_or_else(|| (1..=7).collect());
        if sizes.is_empty() || sizes.iter().any(|size| !(1..=100).contains(size)) {
            desk.say(diagnose::sizes_out_of_range(desk.site(&path.key("sizes"))));
            return None;
        }
        let reaches = match &table.reaches {
            None => Vec::new(),
            Some(names) => reached(desk, names, &path.key("reaches"), entry)?,
        };
        let heal = plan.heal.map_or(Span(plan.duration.0 / 10 * 6), |heal| Span(heal.0));
        let mut base = desk.tree.to_json();
        for key in ["swarm", "matrix", "extends"] {
            base.as_object_mut().expect("a scenario is a table").remove(key);
        }
        Some(Arc::new(Swarm {
            base,
            scenario: plan.scenario.clone(),
            catalog: catalog.to_vec(),
            entry: *entry,
            profiles,
            families,
            sizes,
            limits: table.limits.unwrap_or(true),
            reaches,
            heal,
            config: plan.config.clone(),
        }))
    }

    /// Draws the day of a seed.
    fn draw(&self, seed: u64) -> Result<Drawn, Report> {
        let profile = Dice::of(seed, SUBJECT_PROFILE).weighted(&self.profiles);
        let (text, families) = day::write(self, seed, PROFILES[profile]);
        let request = Request::of(&self.scenario);
        let loaded = load_text(text.as_bytes(), &request, &self.catalog)?;
        Ok(Drawn { plan: loaded.plan, text, profile: PROFILES[profile], families })
    }

    /// Whether a profile switches a family on for a seed.
    fn is_on(&self, profile: &str, family: &Family, seed: u64) -> bool {
        match profile {
            "calm" => false,
            "everything" => true,
            _ => Dice::of(seed, SUBJECT_IS_ON + family.number).percent(50),
        }
    }
}

fn profiles(desk: &mut Desk<'_>, path: &Path, table: Option<&Profiles>) -> Option<[u32; 4]> {
    let Some(table) = table else { return Some(WEIGHTS) };
    let weights = [table.swarm, table.everything, table.points, table.calm];
    let weights = weights.map(|weight| weight.unwrap_or(0));
    if weights.iter().all(|weight| *weight == 0) {
        desk.say(diagnose::profiles_of_nothing(desk.site(path)));
        return None;
    }
    Some(weights)
}

fn families_of(desk: &mut Desk<'_>, names: &Names, path: &Path) -> Option<Vec<&'static Family>> {
    let mut families = Some(Vec::new());
    for (name, at) in each(names, path) {
        match (FAMILIES.iter().find(|family| family.name == name), &mut families) {
            (Some(family), Some(families)) => families.push(family),
            (Some(_), None) => {}
            (None, _) => {
                desk.say(diagnose::unknown_family(desk.site(&at), name, &names_of_all()));
                families = None;
            }
        }
    }
    families
}

/// Names of what is counted in every run.
fn reached(desk: &mut Desk<'_>, names: &Names, path: &Path, entry: &Entry) -> Option<Vec<String>> {
    let probes = entry.probes.iter().map(|probe| probe.name);
    let known: Vec<&str> = probes.chain(WORLD_METRICS.iter().copied()).collect();
    let mut all = Some(Vec::new());
    for (name, at) in each(names, path) {
        if !known.contains(&name) {
            desk.say(diagnose::unknown_metric(desk.site(&at), name, &known));
            all = None;
        }
        all.iter_mut().for_each(|all| all.push(name.to_owned()));
    }
    all
}

fn names_of_all() -> Vec<&'static str> {
    names().collect()
}
