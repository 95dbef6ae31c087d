//! The results folder: where it lies, what is in it, and what never is.

use std::fs;
use std::process::Stdio;

use crate::support::{Place, Said};

/// The only folder of results below `results`, as `<topic>-<name>/<seed>-<digest8>`.
fn only_folder(place: &Place) -> String {
    let tree = place.tree("results");
    let reports: Vec<&str> =
        tree.iter().filter_map(|path| path.strip_suffix("/report.html")).collect();
    assert_eq!(reports.len(), 1, "{tree:#?}");
    reports[0].to_owned()
}

#[cfg(unix)]
#[test]
fn a_run_leaves_a_folder_and_latest_points_to_the_newest() {
    let place = Place::new();
    place.write("topic/name.toml", place.read("ping.toml"));
    let digest = |seed: &str| {
        let json = place.run(&["run", "topic/name.toml", "--seed", seed, "--json"]).exits(0).json();
        json["digest"].as_str().unwrap()[..8].to_owned()
    };
    let (one, two) = (digest("1"), digest("2"));
    assert_eq!(
        place.tree("results"),
        [
            "topic-name/".to_owned(),
            format!("topic-name/1-{one}/"),
            format!("topic-name/1-{one}/record.json.gz"),
            format!("topic-name/1-{one}/report.html"),
            format!("topic-name/1-{one}/run.json"),
            format!("topic-name/2-{two}/"),
            format!("topic-name/2-{two}/record.json.gz"),
            format!("topic-name/2-{two}/report.html"),
            format!("topic-name/2-{two}/run.json"),
            format!("topic-name/latest -> 2-{two}"),
        ]
    );
    digest("1");
    assert!(place.tree("results").contains(&format!("topic-name/latest -> 1-{one}")));
}

#[test]
fn equal_runs_give_equal_bytes_apart_from_the_host() {
    let place = Place::new();
    for out in ["one", "two"] {
        place.run(&["run", "ping.toml", "--bug", "stale-answer", "--out", out]).exits(1);
    }
    assert_eq!(place.tree("one"), place.tree("two"));
    let files: Vec<String> = place.tree("one").into_iter().filter(|f| f.contains('.')).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let path = |out: &str| place.path(&format!("{out}/{file}"));
        let [mut one, mut two] = ["one", "two"].map(|out| fs::read(path(out)).unwrap());
        if file.ends_with("run.json") {
            for bytes in [&mut one, &mut two] {
                let text = std::str::from_utf8(bytes).expect("JSON is text");
                bytes.truncate(text.find(",\"host\":").expect("host is the last field"));
            }
        }
        assert_eq!(one, two, "{file}");
    }
}

#[test]
fn a_run_replaces_the_folder_of_an_equal_run() {
    let place = Place::new();
    place.run(&["run", "ping.toml"]).exits(0);
    let folder = only_folder(&place);
    let litter = format!("results/{folder}/litter");
    place.write(&litter, "");
    place.run(&["run", "ping.toml"]).exits(0);
    assert!(!place.path(&litter).exists());
    assert_eq!(only_folder(&place), folder);
}

#[test]
fn what_is_printed_is_what_is_written() {
    let place = Place::new();
    let printed = place.run(&["run", "ping.toml", "--json"]).exits(0).out;
    assert_eq!(place.read(&format!("results/{}/run.json", only_folder(&place))), printed);
}

#[cfg(unix)]
#[test]
fn results_stay_below_their_folder_whatever_a_scenario_is_called() {
    let names =
        ["a b.toml", "straße.toml", "...toml", "-x.toml", "topic/..x.toml", "it's\nodd$(x).toml"];
    let long = format!("{}.toml", "l".repeat(240));
    for name in names.into_iter().chain([long.as_str()]) {
        let place = Place::new();
        place.write(&format!("work/{name}"), place.read("ping.toml"));
        let full = place.path("work").join(name);
        let before = place.tree("work");
        let outputs = ["work/results", "elsewhere/deep"];
        for (source, out) in [name, full.to_str().unwrap()].into_iter().zip(outputs) {
            let out_path = place.path(out);
            let args = ["run", "--out", out_path.to_str().unwrap(), "--", source];
            let output = place.command(&args).current_dir(place.path("work")).output().unwrap();
            Said::of(&output).exits(0);
            let tree = place.tree(out);
            assert_eq!(tree.len(), 6, "{name:?}: {tree:#?}");
            assert!(tree.iter().all(|path| !path.starts_with('.')), "{name:?}: {tree:#?}");
        }
        fs::remove_dir_all(place.path("work/results")).unwrap();
        assert_eq!(place.tree("work"), before);
    }
}

#[test]
fn odd_titles_can_not_speak_to_the_terminal() {
    let place = Place::new();
    let title = format!("\"\\u001b[31mred\\r\\n{}\"", "long ".repeat(2_000));
    let text = place.read("ping.toml").replace("\"Ping: a small rehearsal\"", &title);
    place.write("odd.toml", text);
    let mut command = place.command(&["run", "odd.toml"]);
    let said = Said::of(&command.env("CLICOLOR_FORCE", "1").output().unwrap()).exits(0);
    assert!(said.out.contains("\\u{1b}[31mred\\r\\nlong "), "{}", &said.out[..200]);
    let json = place.run(&["run", "odd.toml", "--json"]).exits(0).json();
    assert!(json["title"].as_str().unwrap().starts_with("\u{1b}[31mred\r\nlong long"));
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let place = Place::new();
    for _ in 0..4 {
        let children: Vec<_> = (0..6)
            .map(|_| {
                let mut command = place.command(&["run", "ping.toml", "--json"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            Said::of(&child.wait_with_output().unwrap()).exits(0);
        }
        let folder = only_folder(&place);
        let tree = place.tree("results");
        assert_eq!(tree.len(), 6, "{tree:#?}");
        assert!(place.read(&format!("results/{folder}/run.json")).ends_with("}\n"));
    }
}

#[test]
fn a_place_that_can_not_be_written_to_is_told_at_once() {
    let place = Place::new();
    place.write("file", "");
    // So long a run would not end in time.
    let long = ["--set", "duration=1000h"];
    for out in ["file", "file/below", "file/far/below"] {
        let said = place.run(&["run", "ping.toml", "--out", out, long[0], long[1]]).exits(2);
        assert!(
            said.err.contains("a file is in the way\nhelp: choose another place"),
            "{}",
            said.err
        );
        assert_eq!(said.out, "");
    }
    let topic = place.path(".").canonicalize().unwrap();
    let topic = format!("{}-ping", topic.file_name().unwrap().to_str().unwrap().trim_matches('.'));
    place.write(&format!("taken/{topic}"), "");
    place.run(&["run", "ping.toml", "--out", "taken", long[0], long[1]]).exits(2);
    fs::create_dir_all(place.path(&format!("out/{topic}/latest/kept"))).unwrap();
    let said = place.run(&["run", "ping.toml", "--out", "out", long[0], long[1]]).exits(2);
    assert!(said.err.contains("latest is a folder\nhelp: "), "{}", said.err);
    assert_eq!(
        place.tree("out"),
        [format!("{topic}/"), format!("{topic}/latest/"), format!("{topic}/latest/kept/")]
    );
    assert_eq!(place.read("file"), "");
}
