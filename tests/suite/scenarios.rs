//! The bundled scenarios: they hold, and they hold because of what they say, not by accident.

use std::collections::BTreeMap;

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::{Request, library, load_all};
use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::{Judgement, Record};
use rehearsal::sim::simulation::Laws;

use crate::support::{bundled, called, plan_of};

/// The setting after `# Fails with: --set` in the header.
fn breaker(text: &str) -> Option<String> {
    let found = text.lines().find_map(|line| line.strip_prefix("# Fails with: --set "));
    found.map(|setting| setting.trim().to_owned())
}

/// The comment before the first key.
fn header(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| line.starts_with('#')).collect()
}

fn verdicts(record: &Record) -> String {
    let measured = record.head.expectations.iter();
    let lines = measured.map(|m| format!("  {} is {} ({:?})", m.expect, m.measured, m.holds));
    let violations = record.head.violations.iter().map(|v| format!("  {}", v.message));
    lines.chain(violations).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_scenario_holds() {
    for scenario in library::ALL {
        for loaded in bundled(scenario.name, &[]) {
            let name = called(&loaded);
            for seed in 0..20 {
                let record = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &Watch::QUIET);
                let verdict = record.head.verdict;
                assert_eq!(verdict, Judgement::Pass, "{name}, seed {seed}:\n{}", verdicts(&record));
            }
        }
    }
}

/// A scenario whose expectations hold without its faults does not show what its title says.
#[test]
fn every_scenario_with_faults_fails_without_them() {
    for scenario in library::ALL {
        for mut loaded in bundled(scenario.name, &[]) {
            let name = called(&loaded);
            if loaded.plan.faults.is_empty() {
                continue;
            }
            loaded.plan.faults.clear();
            loaded.plan.laws = Laws::default();
            for seed in 1..=3 {
                let record = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &Watch::QUIET);
                let verdict = record.head.verdict;
                assert_eq!(verdict, Judgement::Fail, "{name}, seed {seed}:\n{}", verdicts(&record));
            }
        }
    }
}

/// A scenario that is called like a kind of fault shows that kind: it fails without it, whatever else
/// goes wrong in it.
#[test]
fn every_scenario_about_a_fault_fails_without_that_fault() {
    let mut checked = 0;
    for scenario in library::ALL {
        let Some(kind) = scenario.name.strip_prefix("faults/") else { continue };
        let key = format!("{} = ", kind.replace('-', "_"));
        let strikes = |table: &str| {
            let own = table.split("\n[").next().unwrap_or_default();
            own.lines().any(|line| line.starts_with(&key))
        };
        let shown: Vec<bool> = scenario.text.split("\n[[fault]]").skip(1).map(strikes).collect();
        if !shown.contains(&true) {
            continue;
        }
        checked += 1;
        for mut loaded in bundled(scenario.name, &[]) {
            assert_eq!(loaded.plan.faults.len(), shown.len(), "{}", scenario.name);
            let mut kinds = shown.iter();
            loaded.plan.faults.retain(|_| kinds.next() == Some(&false));
            loaded.plan.laws = Laws::default();
            for seed in 1..=3 {
                let record = (loaded.entry.run)(&loaded.plan, seed, &Watch::QUIET);
                let verdict = record.head.verdict;
                let name = scenario.name;
                assert_eq!(verdict, Judgement::Fail, "{name}, seed {seed}:\n{}", verdicts(&record));
            }
        }
    }
    assert!(checked >= 33, "only {checked} scenarios are called like the fault that they show");
}

/// One without faults names a setting that breaks it.
#[test]
fn every_scenario_without_faults_fails_with_the_setting_it_names() {
    let mut checked = 0;
    for scenario in library::ALL {
        let name = scenario.name;
        let Some(setting) = breaker(scenario.text) else {
            let has_faults = bundled(name, &[]).iter().all(|one| !one.plan.faults.is_empty());
            assert!(has_faults, "{name} has no faults and no \"# Fails with: --set KEY=VALUE\"");
            continue;
        };
        checked += 1;
        for loaded in bundled(name, std::slice::from_ref(&setting)) {
            let name = called(&loaded);
            for seed in 1..=3 {
                let record = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &Watch::QUIET);
                let verdict = record.head.verdict;
                assert_eq!(
                    verdict,
                    Judgement::Fail,
                    "{name} with {setting}, seed {seed}:\n{}",
                    verdicts(&record)
                );
            }
        }
    }
    assert!(checked > 0, "no scenario is broken by a setting");
}

#[test]
fn every_scenario_introduces_itself() {
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    for scenario in library::ALL {
        let name = scenario.name;
        let header = header(scenario.text);
        let watch = header.iter().any(|line| line.starts_with("# Watch: "));
        assert!(watch, "{name} does not say in its header what to watch for (\"# Watch: ...\")");
        let opening = header.first().map_or("", |line| line.trim_start_matches('#').trim());
        assert!(opening.len() > 20, "{name} does not begin with what happens in it: {opening:?}");
        let title = scenario.title();
        assert!(!title.is_empty(), "{name} has no title");
        if let Some(other) = titles.insert(title, name) {
            panic!("{name} and {other} have the same title, {title:?}");
        }
        let variants = load_all(&Request::of(name), CATALOG).expect("it was loaded before");
        assert_eq!(variants.title, title, "{name}");
        assert!(variants.remarks.is_empty(), "{name}:\n{}", variants.remarks.render(false));
        for loaded in &variants.points {
            assert!(!loaded.plan.expectations.is_empty(), "{name} expects nothing");
        }
    }
    assert!(titles.len() >= 12, "the library is not read: {titles:?}");
}
