//! The house rules that can be checked: who depends on whom, what must not appear where, and that
//! pages and tables say what the code says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};
use rehearsal::protocols::catalog::CATALOG;
use rehearsal::sim::catalog::Entry;

use crate::support::{files, golden, root};

/// The metadata for this machine's platform: for others, crates would have to be downloaded.
fn metadata() -> Metadata {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = Command::new(rustc).arg("-vV").output().expect("rustc runs").stdout;
    let said = String::from_utf8(said).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).features(CargoOpt::AllFeatures);
    command.other_options(["--locked", "--filter-platform", host].map(str::to_owned));
    command.exec().expect("cargo metadata runs")
}

/// The names of the normal dependencies of a package, direct ones only or all.
fn normal(metadata: &Metadata, package: &str, all: bool) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("the graph is resolved");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let names: BTreeMap<&PackageId, String> =
        metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let start = metadata.workspace_packages().into_iter().find(|p| p.name == package);
    let mut open = vec![&start.unwrap_or_else(|| panic!("{package} is no member")).id];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let is_normal = dependency.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
            if is_normal && found.insert(names[&dependency.pkg].clone()) && all {
                open.push(&dependency.pkg);
            }
        }
    }
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The path from the repository's folder, with slashes.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("a file of the repository");
    path.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    rust.map(|path| (shown(&path), text(&path))).collect()
}

/// The lines that are no comments.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn dependencies_run_one_way() {
    let metadata = metadata();
    let members: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|p| p.name.to_string()).collect();
    let (sim, protocols, scenarios, reports) =
        ("rehearsal-sim", "rehearsal-protocols", "rehearsal-scenarios", "rehearsal-reports");
    let allowed: &[(&str, &[&str])] = &[
        (sim, &[]),
        (protocols, &[sim]),
        (scenarios, &[sim]),
        (reports, &[sim]),
        ("rehearsal", &[sim, protocols, scenarios, reports]),
        // What a stranger can do with the facade alone.
        ("rehearsal-outside", &["rehearsal"]),
    ];
    for (package, stands_on) in allowed {
        let found: BTreeSet<String> =
            normal(&metadata, package, false).intersection(&members).cloned().collect();
        let expected: BTreeSet<String> = stands_on.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found, expected, "{package} stands on the wrong members");
    }
    let known: BTreeSet<String> = allowed.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(members, known, "a member without a place in the floor plan");
    // Tests may look further, but nothing below may see the root, and the three stay strangers.
    let above = ["rehearsal", "rehearsal-outside"];
    let below = |name: &str| !above.contains(&name);
    for package in metadata.workspace_packages().into_iter().filter(|p| below(&p.name)) {
        let others: Vec<&str> = package
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .filter(|name| members.contains(*name) && *name != sim)
            .collect();
        assert_eq!(others, [""; 0], "{} knows its neighbours, if only in tests", package.name);
    }
}

/// Plain `cargo test` and `cargo build` must cover everything.
#[test]
fn every_member_is_a_default_member() {
    let metadata = metadata();
    let sorted = |ids: &[PackageId]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let defaults = metadata.workspace_default_members.to_vec();
    assert_eq!(sorted(&metadata.workspace_members), sorted(&defaults));
}

/// The simulated world knows nothing of files, terminals, threads and formats, and its samples do
/// not depend on what an unrelated crate turns on.
#[test]
fn the_world_and_the_cast_stay_small() {
    let metadata = metadata();
    let banned = [
        "anstream",
        "anyhow",
        "chrono",
        "clap",
        "crossbeam",
        "getrandom",
        "indicatif",
        "maud",
        "plotters",
        "rand",
        "rand_distr",
        "rayon",
        "rustc-hash",
        "tempfile",
        "tokio",
        "toml",
        "toml_edit",
        "walkdir",
    ];
    // Not hashbrown and indexmap: petgraph brings them along. What it gives back the world looks up and
    // never walks, and clippy bans the types by name.
    for package in ["rehearsal-sim", "rehearsal-protocols"] {
        let found = normal(&metadata, package, true);
        assert!(found.contains("serde"), "the graph of {package} is read: {found:?}");
        let wrong: Vec<&str> =
            banned.iter().copied().filter(|name| found.contains(*name)).collect();
        assert_eq!(wrong, [""; 0], "{package} reaches crates it must not know");
    }
}

/// Whoever has a Rust toolchain can build this, without a C compiler or system libraries. The two
/// that are allowed only declare the system calls of Linux and of Windows: nothing is compiled or
/// linked but Rust. (`libc` is such a crate, too.)
#[test]
fn nothing_needs_a_c_compiler() {
    let metadata = metadata();
    let allowed = ["linux-raw-sys", "windows-sys"];
    let found = normal(&metadata, "rehearsal", true);
    let names = found.iter().map(String::as_str);
    let wrong: Vec<&str> = names
        .filter(|name| name.ends_with("-sys") && !allowed.contains(name))
        .chain(["cc", "cmake", "bindgen"].into_iter().filter(|name| found.contains(*name)))
        .collect();
    assert_eq!(wrong, [""; 0], "crates that need more than Rust");
    let links: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| found.contains(package.name.as_str()))
        .filter_map(|package| package.links.clone())
        .filter(|library| !["rayon-core"].contains(&library.as_str()))
        .collect();
    assert_eq!(links, [""; 0], "native libraries that are linked (rayon-core only marks itself)");
}

/// The float functions of `num-traits` are others when any crate of a build turns its `std` on. In
/// the simulated world only the histogram of latencies uses it, and what that holds feeds nothing
/// back into a run.
#[test]
fn only_the_histogram_reaches_num_traits() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("the graph is resolved");
    let reachable = normal(&metadata, "rehearsal-protocols", true);
    let is_named = |id: &PackageId, name: &str| {
        metadata.packages.iter().any(|package| package.id == *id && package.name == name)
    };
    let depends = |node: &&cargo_metadata::Node| {
        node.dependencies.iter().any(|dependency| is_named(dependency, "num-traits"))
    };
    let users = resolve.nodes.iter().filter(depends);
    let users = users.filter_map(|node| reachable.iter().find(|name| is_named(&node.id, name)));
    assert_eq!(users.collect::<Vec<_>>(), ["hdrhistogram"]);
    for (path, source) in sources("sim/src").into_iter().chain(sources("protocols/src")) {
        let uses = code(&source).any(|(_, line)| line.contains("hdrhistogram"));
        assert_eq!(uses, path == "sim/src/metrics.rs", "{path} and hdrhistogram");
    }
}

/// Words of code that let into a run what is not in the seed: an order that differs between
/// processes, time that is not simulated, addresses. Lints see most of them by type; casts and
/// `{:p}` only this does.
fn outside_the_seed(line: &str) -> Option<&'static str> {
    let banned = ["HashMap", "HashSet", "SystemTime", "Instant::now", "thread_rng", "std::env"];
    let addresses =
        [":p}", ":#p}", "as *const", "as *mut", "&raw ", "addr_of!", "as_ptr()", "ptr::"];
    banned.into_iter().chain(addresses).find(|token| line.contains(token))
}

#[test]
fn nothing_outside_the_seed_reaches_a_run() {
    for (path, source) in sources("sim/src").into_iter().chain(sources("protocols/src")) {
        for (at, line) in code(&source) {
            let wrong = outside_the_seed(line);
            assert!(wrong.is_none(), "{path}:{at} uses {}: {line}", wrong.unwrap_or_default());
        }
    }
}

#[test]
fn what_must_not_occur_is_found() {
    let planted = [
        "let n = format!(\"{:p}\", &node);",
        "let n = format!(\"{node:p}\");",
        "let n = &raw const node as usize;",
        "let n = &node as *const Node as usize;",
        "let n = std::ptr::from_ref(&node).addr();",
        "let n = records.as_ptr() as usize;",
        "for peer in HashMap::from(peers).keys() {",
        "let now = Instant::now();",
    ];
    for line in planted {
        assert!(outside_the_seed(line).is_some(), "unseen: {line}");
    }
    assert_eq!(outside_the_seed("let at = SimTime(self.now.0 + span.0);"), None);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    // Text that others wrote or that is generated.
    let exempt = [
        "Cargo.lock",
        "scenario.schema.json",
        "docs/scenario-reference.md",
        "docs/planted-bugs.json",
    ];
    let kinds = ["rs", "toml", "md", "txt", "css", "ts", "js", "json", "sh"];
    let mut checked = 0;
    for path in files(".") {
        let name = shown(&path);
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        let is_recorded = name.starts_with("tests/golden/histories/");
        if !kinds.contains(&kind) || exempt.contains(&name.as_str()) || is_recorded {
            continue;
        }
        checked += 1;
        // Some texts of tests are broken on purpose.
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines: split it by what changes together");
        let begins = text.lines().next().unwrap_or_default();
        assert!(kind != "rs" || begins.starts_with("//! "), "{name} begins with {begins:?}");
    }
    assert!(checked > 150, "only {checked} files were found");
}

#[test]
fn pages_name_only_what_exists() {
    let page = text(&root().join("docs/ARCHITECTURE.md"));
    let lines = page.lines().count();
    assert!(lines <= 250, "docs/ARCHITECTURE.md has {lines} lines; nobody reads that many");
    let all: Vec<String> = files(".").iter().map(|path| shown(path)).collect();
    for name in ["docs/ARCHITECTURE.md", "README.md"] {
        let file = root().join(name);
        for path in named_paths(&text(&file)) {
            // In full, or, where the folder is clear from the text, its last part.
            let ending = format!("/{path}");
            let exists =
                root().join(&path).exists() || all.iter().any(|one| one.ends_with(&ending));
            assert!(exists, "{name} names `{path}`, which does not exist");
        }
    }
}

/// What stands in backticks and looks like a path: it begins with a folder of the repository, or
/// ends like a file. Of one with a placeholder the part before it counts, as of a `*`.
fn named_paths(page: &str) -> BTreeSet<String> {
    let folders = [
        "benches",
        "docs",
        "examples",
        "lessons",
        "protocols",
        "reports",
        "scenarios",
        "sim",
        "src",
        "tests",
    ];
    let kinds = [".rs", ".toml", ".md", ".txt", ".json", ".css", ".ts", ".lock"];
    let mut found = BTreeSet::new();
    let mut is_block = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
            continue;
        }
        for word in line.split('`').skip(1).step_by(2).filter(|_| !is_block) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./<>*".contains(c);
            let place = word.split(':').next().unwrap_or_default(); // `sim/src/plan.rs:12`
            let first = place.split('/').next().unwrap_or_default();
            let is_path = place.contains('/') && folders.contains(&first)
                || kinds.iter().any(|kind| place.len() > kind.len() && place.ends_with(kind));
            if !is_path || !place.chars().all(plain) || place.starts_with("results/") {
                continue;
            }
            let known = place.split('/').take_while(|part| !part.contains(['<', '*']));
            let known = known.collect::<Vec<_>>().join("/");
            if !known.is_empty() {
                found.insert(known);
            }
        }
    }
    found
}

#[test]
fn paths_of_pages_are_found() {
    let page = "See `sim/src/plan.rs`, `protocols/src/<name>/bugs.rs`, `raft/leader-crash`, `a.b`,\n\
                `tests/*.txt`, `sim`, `Cargo.toml`, `docs/nowhere.md`.\n```\n`sim/no.rs`\n```\n";
    let expected = ["Cargo.toml", "docs/nowhere.md", "protocols/src", "sim/src/plan.rs", "tests"];
    assert_eq!(named_paths(page).into_iter().collect::<Vec<_>>(), expected);
}

/// One protocol may be in the catalog with several machines: `raft-log` is Raft that replicates a log.
fn folder_of(entry: &Entry) -> String {
    let name = entry.name.strip_suffix("-log").unwrap_or(entry.name);
    format!("protocols/src/{}", name.replace('-', "_"))
}

/// `vote-not-persisted` is `VoteNotPersisted`.
fn variant_of(slug: &str) -> String {
    let words = slug.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    words.collect()
}

/// A bug is one wrong decision, and a decision without a bug of the list is nobody's.
#[test]
fn every_bug_is_planted_once() {
    for entry in CATALOG {
        let code: String = sources(&folder_of(entry))
            .iter()
            .flat_map(|(_, source)| code(source).map(|(_, line)| line.trim()).collect::<Vec<_>>())
            .collect();
        let planted: Vec<&str> = code
            .split("mutant!(")
            .skip(1)
            .map(|rest| rest.split(',').nth(1).unwrap_or_default().trim())
            .collect();
        let mut expected: Vec<String> =
            (entry.bugs)().iter().map(|bug| format!("Bug::{}", variant_of(bug.slug))).collect();
        let mut planted: Vec<String> = planted.into_iter().map(str::to_owned).collect();
        expected.sort();
        planted.sort();
        assert_eq!(planted, expected, "{}: each bug in exactly one `mutant!`", entry.name);
        let invariants = (entry.invariants)();
        for bug in (entry.bugs)() {
            let common = ["linearizable", "progress", "panicked"];
            let known =
                invariants.iter().any(|i| i.name == bug.property) || common.contains(&bug.property);
            assert!(known, "{} is caught by {}, which is no property", bug.slug, bug.property);
        }
    }
}

#[test]
fn every_invariant_has_a_file_of_its_own() {
    let mut seen = 0;
    for entry in CATALOG {
        for invariant in (entry.invariants)() {
            seen += 1;
            // Of the protocol, of all that speak its words, or of the one that it embeds.
            let first = CATALOG.iter().find(|other| {
                (other.invariants)().iter().any(|known| known.name == invariant.name)
            });
            let owner = folder_of(first.unwrap_or(entry));
            let places = [folder_of(entry).as_str(), "protocols/src", owner.as_str()]
                .map(|folder| format!("{folder}/invariants/{}.rs", invariant.name));
            let path = places.iter().find(|path| root().join(path).exists()).unwrap_or(&places[0]);
            let source = text(&root().join(path));
            assert!(source.contains("INVARIANT"), "{path} defines no invariant");
            assert!(!invariant.citation.is_empty(), "{} comes from nowhere", invariant.name);
        }
    }
    assert!(seen >= 6, "the catalog has {seen} invariants");
}

#[test]
fn the_reference_of_scenarios_is_up_to_date() {
    golden("docs/scenario-reference.md", &rehearsal::scenarios::reference(CATALOG));
}

#[test]
fn the_page_about_faults_is_up_to_date() {
    golden("docs/faults.md", &rehearsal::scenarios::faults(CATALOG));
}

/// Each kind of fault strikes in a scenario about faults; that it fails without its faults is the
/// scenarios' own test.
#[test]
fn every_kind_of_fault_is_shown_by_a_scenario() {
    let page = rehearsal::scenarios::faults(CATALOG);
    let unshown: Vec<&str> =
        page.split("\n### ").filter(|one| one.contains("Shown by: .")).collect();
    assert!(unshown.is_empty(), "no scenario in scenarios/faults shows {unshown:?}");
}

#[test]
fn the_schema_of_scenarios_is_up_to_date() {
    let schema = rehearsal::scenarios::schema(CATALOG);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    golden("scenario.schema.json", &format!("{text}\n"));
}
