//! Several variants of a scenario on one page: the points of a matrix, or two candidates.
//!
//! Every variant ran with the same seeds. A picture shows of each the median over its seeds as a line
//! and the seeds from the 5th to the 95th percentile as a band.

mod along;
mod differences;
mod measure;
mod overlay;
mod page;
mod percentiles;
mod tables;

use rehearsal_sim::record::{CurvePoint, FaultBand, Head, Judgement, Record, Series};

use crate::chart::{Hue, VARIANTS};
use crate::format::text_width;

pub use differences::{Difference, Interval, Verdict};
pub use measure::{MEASURES, Measure, Spread, Unit, measure};
pub use page::comparison;

/// So many variants are drawn over each other at most.
const MOST_OVERLAID: usize = VARIANTS.len();
/// So many pictures of one kind stand below each other at most.
const MOST_MULTIPLES: usize = 6;
/// The room for a label at the end of a line.
const LABEL_ROOM: f64 = 62.0;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The heading of the page.
    pub title: String,
    /// The scenario, or the two of them.
    pub scenario: String,
    /// The version of the simulator.
    pub version: String,
    /// The first seed, and the one behind the last.
    pub seeds: [u64; 2],
    /// The axes of the matrix; none where two candidates are compared.
    pub axes: Vec<Axis>,
    /// The variants; those of a matrix are all combinations of its axes, the last axis running
    /// fastest.
    pub variants: Vec<Variant>,
    /// What holds of all of it, like arrivals that were the same. A sentence each.
    pub notes: Vec<String>,
    /// What readers have to bear in mind, like arrivals that were not. A sentence each.
    pub warnings: Vec<String>,
    /// The differences between two candidates, measure by measure.
    pub differences: Vec<Difference>,
    /// The line that makes this page again.
    pub command: String,
}

/// An axis of a matrix.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The key of its setting.
    pub key: String,
    /// Its values as text.
    pub values: Vec<String>,
}

/// One of the things that are compared, with its runs.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its number or letter.
    pub label: String,
    /// What it is, in a line.
    pub name: String,
    /// For each axis, which of its values it has.
    pub values: Vec<usize>,
    /// Its protocol.
    pub protocol: String,
    /// The facts of its runs, in the order of the seeds.
    pub heads: Vec<Head>,
    /// The courses of its first runs, without those that a violation ended; they are what is drawn.
    pub courses: Vec<Course>,
    /// The line that runs it with the first seed.
    pub reproduce: String,
    /// The runs that did not pass, in the order of the seeds; not more than are worth showing.
    pub failures: Vec<Failure>,
}

/// A run over time.
#[derive(Clone, Debug)]
pub struct Course {
    /// How far simulated time got.
    pub virtual_ns: u64,
    /// The faults that happened.
    pub faults: Vec<FaultBand>,
    /// Operations in buckets of time.
    pub series: Series,
    /// Latency by percentile.
    pub curve: Vec<CurvePoint>,
}

impl Course {
    /// The course of a run.
    pub fn of(record: &Record) -> Course {
        Course {
            virtual_ns: record.head.virtual_ns,
            faults: record.faults.clone(),
            series: record.series.clone(),
            curve: record.latency_curve.clone(),
        }
    }
}

/// A run that did not pass.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// How it was judged.
    pub verdict: Judgement,
    /// What was broken, or could not be judged.
    pub what: String,
    /// The line that runs it again.
    pub reproduce: String,
}

impl Variant {
    /// How many runs passed, failed and could not be judged.
    pub fn verdicts(&self) -> [u64; 3] {
        let count = |verdict| self.heads.iter().filter(|head| head.verdict == verdict).count();
        [Judgement::Pass, Judgement::Fail, Judgement::Inconclusive].map(|one| count(one) as u64)
    }

    /// A measure over the seeds; `None` where no run has it.
    pub fn spread(&self, measure: &Measure) -> Option<Spread> {
        Spread::of(self.heads.iter().filter_map(measure.of))
    }

    /// The median of a metric over the runs that have it, by nearest rank; `None` where none has.
    pub fn median(&self, metric: &str) -> Option<i64> {
        let all = self.heads.iter().filter_map(|head| head.metrics.get(metric));
        let mut values: Vec<i64> = all.copied().collect();
        values.sort_unstable();
        values.get(values.len().saturating_sub(1) / 2).copied()
    }
}

/// Variants that are drawn over each other in one picture.
struct Group<'a> {
    /// What they share, where there are several groups.
    title: String,
    members: Vec<Member<'a>>,
}

/// A variant with its looks.
struct Member<'a> {
    variant: &'a Variant,
    hue: Hue,
    /// The label at the end of its line.
    label: String,
    /// The text in the legend.
    name: String,
}

/// The pictures over time of a comparison; none where there are too many variants.
fn groups(comparison: &Comparison) -> Vec<Group<'_>> {
    let variants = &comparison.variants;
    if variants.len() <= MOST_OVERLAID {
        let all: Vec<&Variant> = variants.iter().collect();
        let axes: Vec<usize> = (0..comparison.axes.len()).collect();
        return vec![group(comparison, String::new(), &all, &axes)];
    }
    // A picture for each value of one axis, where the others fit into it.
    let sizes: Vec<usize> = comparison.axes.iter().map(|axis| axis.values.len()).collect();
    let fits = |at: &usize| {
        sizes[*at] <= MOST_MULTIPLES && variants.len().div_ceil(sizes[*at]) <= MOST_OVERLAID
    };
    let fewest = (0..sizes.len()).filter(fits).min_by_key(|at| sizes[*at]);
    let Some(split) = fewest else { return Vec::new() };
    let axis = &comparison.axes[split];
    let rest: Vec<usize> = (0..sizes.len()).filter(|at| *at != split).collect();
    let one = |(place, value): (usize, &String)| {
        let members: Vec<&Variant> =
            variants.iter().filter(|variant| variant.values[split] == place).collect();
        group(comparison, format!("{} = {value}", axis.key), &members, &rest)
    };
    axis.values.iter().enumerate().map(one).collect()
}

/// `axes` are those in which the members differ.
fn group<'a>(
    comparison: &Comparison,
    title: String,
    members: &[&'a Variant],
    axes: &[usize],
) -> Group<'a> {
    let value = |variant: &Variant, axis: usize| {
        comparison.axes[axis].values[variant.values[axis]].as_str()
    };
    let differing: Vec<usize> =
        axes.iter().copied().filter(|axis| comparison.axes[*axis].values.len() > 1).collect();
    let short = |variant: &Variant| {
        let values: Vec<&str> = differing.iter().map(|axis| value(variant, *axis)).collect();
        values.join(" · ")
    };
    let fits = |variant: &&Variant| {
        let text = short(variant);
        !text.is_empty() && text_width(&text, crate::chart::FONT) <= LABEL_ROOM
    };
    let are_short = members.iter().all(fits);
    let named = |(at, variant): (usize, &&'a Variant)| {
        let numbered = match comparison.axes.is_empty() {
            true => variant.label.clone(),
            false => format!("point {}", variant.label),
        };
        let settings = differing
            .iter()
            .map(|axis| format!("{} = {}", comparison.axes[*axis].key, value(variant, *axis)));
        let settings: Vec<String> = settings.collect();
        let name = match settings.is_empty() {
            true => format!("{}: {}", variant.label, variant.name),
            false => format!("{numbered}: {}", settings.join(", ")),
        };
        let label = if are_short { short(variant) } else { numbered };
        Member { variant, hue: VARIANTS[at % VARIANTS.len()], label, name }
    };
    Group { title, members: members.iter().enumerate().map(named).collect() }
}

/// The faults that all runs have in common; `None` where runs differ in when something went wrong.
/// Whom a fault hit may differ, as the leader is another in every run.
fn shared_faults(comparison: &Comparison) -> Option<Vec<FaultBand>> {
    let mut courses = comparison.variants.iter().flat_map(|variant| &variant.courses);
    let Some(first) = courses.next() else { return Some(Vec::new()) };
    let mut shared = first.faults.clone();
    for course in courses {
        if course.faults.len() != shared.len() {
            return None;
        }
        for (fault, other) in shared.iter_mut().zip(&course.faults) {
            let when = |fault: &FaultBand| (fault.kind.clone(), fault.from_ns, fault.to_ns);
            if when(fault) != when(other) {
                return None;
            }
            // Once it differs it stays so: no node is called like that.
            if fault.label != other.label {
                "differs by run".clone_into(&mut fault.label);
                fault.nodes.clear();
            }
        }
    }
    Some(shared)
}
