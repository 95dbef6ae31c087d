//! Files, `extends`, `--set` and `--bug`: what wins, and where a message points.

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal_scenarios::{Loaded, Report, Request, load, load_all};
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Target};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::Span;

use crate::catalog::CATALOG;

/// A folder of its own for each test, under the build's own scratch space.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str, files: &[(&str, &str)]) -> Folder {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&root);
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Folder(root)
    }

    fn load(&self, file: &str, set: &[&str], bug: &[&str]) -> Result<Loaded, Report> {
        let owned =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let source = self.0.join(file).display().to_string();
        let (set, bug) = (owned(set), owned(bug));
        load(&Request { set: &set, bug: &bug, ..Request::of(&source) }, CATALOG)
    }

    #[track_caller]
    fn good(&self, file: &str, set: &[&str], bug: &[&str]) -> Loaded {
        self.load(file, set, bug).unwrap_or_else(|report| panic!("{}", report.render(false)))
    }

    #[track_caller]
    fn wrong(&self, file: &str, set: &[&str], bug: &[&str]) -> String {
        let report = self.load(file, set, bug).expect_err("something is wrong");
        report.render(false).replace(&format!("{}/", self.0.display()), "")
    }
}

const BASE: &str = "\
protocol = \"raft\"
duration = \"20s\"
seed = 3

[network]
latency = \"2ms\"
loss = 0.1

[[fault]]
at = \"1s\"
crash = \"n1\"

[[fault]]
at = \"2s\"
crash = \"n2\"
";

const CHILD: &str = "\
extends = \"base.toml\"
seed = 4

[network]
loss = 0.2

[[fault]]
at = \"5s\"
pause = \"n9\"
";

fn family(test: &str) -> Folder {
    let child = CHILD.replace("n9", "n3");
    let grandchild = "extends = \"topic/child.toml\"\nbug = \"commit-old-term\"\n";
    Folder::new(
        test,
        &[
            ("topic/base.toml", BASE),
            ("topic/child.toml", &child),
            ("topic/wrong-child.toml", CHILD),
            ("grandchild.toml", grandchild),
        ],
    )
}

#[test]
fn tables_are_merged_and_lists_replaced() {
    let folder = family("merged");
    for file in ["topic/child.toml", "grandchild.toml"] {
        let plan = folder.good(file, &[], &[]).plan;
        assert_eq!((plan.seed, plan.duration), (4, Span::secs(20)));
        assert_eq!(plan.network.latency, Law::Constant(Span::millis(2)));
        assert_eq!(plan.network.loss.to_f64(), 0.2);
        assert_eq!(plan.faults.len(), 1);
        assert_eq!(plan.faults[0].fault, Fault::Pause(Target::Nodes(vec![NodeId(2)])));
    }
}

/// Axes are merged by their names, however they are written; those of the base come first.
#[test]
fn axes_are_merged_and_their_lists_replaced() {
    let base = format!("{BASE}\n[matrix]\n\"network.loss\" = [0.1, 0.2]\nduration = [\"1s\"]\n");
    let child =
        "extends = \"base.toml\"\n[matrix]\nnetwork.loss = [0.3]\ncluster.servers = [3, 5]\n";
    let folder = Folder::new("axes", &[("base.toml", &base), ("child.toml", child)]);
    let source = folder.0.join("child.toml").display().to_string();
    let variants = load_all(&Request::of(&source), CATALOG).unwrap();
    let keys: Vec<&str> = variants.axes.iter().map(|axis| axis.key.as_str()).collect();
    assert_eq!(keys, ["duration", "network.loss", "cluster.servers"]);
    assert_eq!(variants.points.len(), 2);
    assert_eq!(variants.points[1].plan.network.loss.to_f64(), 0.3);
}

#[test]
fn the_command_line_wins_and_the_last_word_counts() {
    let folder = family("command-line");
    let set = ["seed=7", "network.loss = 0.3", "raft.heartbeat=20ms", "seed=8", "title=A day"];
    let plan = folder.good("topic/child.toml", &set, &[]).plan;
    assert_eq!((plan.seed, plan.title.as_str()), (8, "A day"));
    assert_eq!(plan.network.loss.to_f64(), 0.3);
    let set = ["fault[0].pause=[\"n1\", \"n2\"]", "fault[0].for=1.5s", "workload.rate=\"9/s\""];
    let plan = folder.good("topic/child.toml", &set, &[]).plan;
    assert_eq!(plan.faults[0].fault, Fault::Pause(Target::Nodes(vec![NodeId(0), NodeId(1)])));
    assert_eq!(plan.faults[0].lasts, Some(Span::millis(1500)));
    assert!(plan.workload.is_some());
}

#[test]
fn bugs_of_the_command_line_replace_those_of_the_file() {
    let folder = family("bugs");
    assert_eq!(folder.good("grandchild.toml", &[], &[]).plan.bugs, [1]);
    assert_eq!(folder.good("grandchild.toml", &[], &["bug:E4"]).plan.bugs, [0]);
    let both = ["commit-old-term", "vote-not-persisted"];
    assert_eq!(folder.good("grandchild.toml", &[], &both).plan.bugs, [1, 0]);
    let wrong = folder.wrong("grandchild.toml", &[], &["bug:E5"]);
    assert!(wrong.contains("--> --bug:1:1\n") && wrong.contains("1 | bug:E5\n"), "{wrong}");
}

#[test]
fn messages_point_into_the_text_that_is_to_blame() {
    let folder = family("blame");
    let wrong =
        folder.wrong("topic/wrong-child.toml", &["network.los=1", "duration=5 parsecs"], &[]);
    let expected = "\
error: unknown node `n9`
 --> topic/wrong-child.toml:9:9
  |
9 | pause = \"n9\"
  |         ^^^^ nobody has this name
  |
  = help: this scenario has nodes n1..n5, client1..client4; `servers` and `clients` name all of a role

error: unknown key `los` in [network]
 --> --set:1:1
  |
1 | network.los=1
  | ^^^^^^^^^^^
  |
  = help: did you mean `loss`?
  = help: [network] knows `latency`, `loss`, `duplicate`, `order`, `corrupt`, `burst`, `bandwidth`, `queue`, `sharing`, `refuse` and `link`

error: unknown unit \"parsecs\" in \"5 parsecs\"
 --> --set:1:10
  |
1 | duration=5 parsecs
  |          ^^^^^^^^^
  |
  = help: write a number and a unit, like \"150ms\" (units: ns, us, ms, s, m, h, d)

";
    assert_eq!(wrong, expected);
}

/// One contradiction, two texts.
#[test]
fn both_sides_of_a_contradiction_are_shown() {
    let folder = family("both-sides");
    let wrong = folder.wrong("topic/base.toml", &["fault[1].crash=n1"], &[]);
    assert!(wrong.contains("`n1` is already down at 2s"), "{wrong}");
    assert!(wrong.contains("--> --set:1:16"), "{wrong}");
    assert!(wrong.contains("::: topic/base.toml:11:9"), "{wrong}");
}

#[test]
fn overrides_that_make_no_sense() {
    let folder = family("overrides");
    for (set, message) in [
        ("seed", "an override is a key and a value"),
        ("seed=", "an override is a key and a value"),
        ("extends=base.toml", "can not be overridden"),
        ("=5", "this is no key"),
        ("a..b=5", "this is no key"),
        ("fault[x].at=5s", "this is no key"),
        ("fault[2].at=5s", "`fault` has only 2 entries"),
        ("expect[0].progress=true", "`expect` has no entries"),
        ("fault.at=5s", "`fault` is a list"),
        ("seed.x=5", "`seed` is no table"),
        ("network.latency={ constant = ", "this is not TOML"),
        ("seed=2026-11-20", "no key of a scenario takes a date"),
        ("sede=5", "unknown key `sede` at the top level"),
        ("raft.snapshots.every=x", "expected a whole number"),
    ] {
        let wrong = folder.wrong("topic/base.toml", &[set], &[]);
        assert!(wrong.contains(message) && wrong.contains("--> --set:1:"), "{set}: {wrong}");
        assert_eq!(wrong.matches("error: ").count(), 1, "{set} has one mistake: {wrong}");
    }
}

#[test]
fn names_of_results() {
    let folder = family("names");
    let loaded = folder.good("topic/child.toml", &[], &[]);
    assert_eq!(loaded.name, "topic/child");
    assert!(loaded.plan.scenario.ends_with("topic/child.toml"), "{}", loaded.plan.scenario);
}

#[test]
fn files_that_can_not_be_read() {
    let folder = family("unreadable");
    assert_eq!(
        folder.wrong("topic/chlid.toml", &[], &[]),
        "error: there is no file `topic/chlid.toml`\n |\n = help: did you mean `topic/child.toml`?\n\n"
    );
    assert!(folder.wrong("topic", &[], &[]).contains("is a folder"));
    fs::write(folder.0.join("large.toml"), "#".repeat((1 << 20) + 1)).unwrap();
    assert!(folder.wrong("large.toml", &[], &[]).contains("larger than 1 MiB"));
    fs::write(folder.0.join("fits.toml"), format!("{BASE}#{}", "#".repeat(1 << 19))).unwrap();
    folder.good("fits.toml", &[], &[]);
    let unknown = load(&Request::of("raft/leader-crsh"), CATALOG).err().unwrap().render(false);
    assert!(unknown.contains("there is no scenario `raft/leader-crsh`"), "{unknown}");
    assert!(unknown.contains("`rehearsal list scenarios`"), "{unknown}");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_folder() {
    let folder = family("links");
    let link = folder.0.join("topic/inner/base.toml");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(folder.0.join("topic/base.toml"), link).unwrap();
    fs::write(folder.0.join("topic/inner/child.toml"), "extends = \"base.toml\"\n").unwrap();
    let wrong = folder.wrong("topic/inner/child.toml", &[], &[]);
    assert!(wrong.contains("only build on files of its own folder"), "{wrong}");
}

#[test]
fn colour_is_on_demand() {
    let folder = family("colour");
    let report = folder.load("topic/wrong-child.toml", &[], &[]).err().unwrap();
    assert!(report.render(true).contains("\u{1b}["));
    assert!(!report.render(false).contains("\u{1b}["));
    let place = report.place(&report.findings()[0]).unwrap();
    assert_eq!((place.line, place.column), (9, 9));
}
