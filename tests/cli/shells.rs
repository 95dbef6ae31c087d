//! `completions` and `man`: what shells and manuals are told of the command line.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Place;

/// Every subcommand, as the help lists them.
fn subcommands(place: &Place) -> Vec<String> {
    let help = place.run(&["--help"]).exits(0).out;
    let (_, list) = help.split_once("Commands:\n").expect("the help lists commands");
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let words = lines.filter(|line| !line.starts_with("   ")).map(|line| line.trim_start());
    let names = words.map(|line| line.split(' ').next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

/// Whether a program is installed.
fn there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn every_shell_gets_every_subcommand() {
    let place = Place::new();
    let names = subcommands(&place);
    assert!(names.len() >= 9 && names.contains(&"report".to_owned()), "{names:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).exits(0).out;
        for name in names.iter().map(String::as_str).chain(["--seeds", "--check-budget"]) {
            // fish names options without their dashes.
            let word = if shell == "fish" { name.trim_start_matches('-') } else { name };
            assert!(script.contains(word), "{shell} does not know {name}");
        }
    }
    let said = place.run(&["completions", "tcsh"]).exits(2);
    assert!(said.err.contains("possible values: bash"), "{}", said.err);
}

#[test]
fn bash_and_others_read_their_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"].into_iter().filter(|shell| there(shell)) {
        let script = place.run(&["completions", shell]).exits(0).out;
        place.write(shell, script);
        assert!(Command::new(shell).arg("-n").arg(place.path(shell)).status().unwrap().success());
    }
}

#[cfg(unix)]
#[test]
fn completions_and_manual_use_the_name_the_program_is_called_by() {
    let place = Place::new();
    let own = place.path("my-cluster");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rehearsal"), &own).unwrap();
    let say = |args: &[&str]| {
        let output = place.program(&own, args).output().unwrap();
        crate::support::Said::of(&output).exits(0).out
    };
    let completions = say(&["completions", "bash"]);
    assert!(completions.lines().any(|line| line.ends_with(" my-cluster")), "{completions}");
    assert!(!completions.contains("rehearsal"), "{completions}");
    let manual = say(&["man"]);
    assert!(manual.contains(".TH my-cluster 1"), "{manual}");
    assert!(manual.contains("my\\-cluster\\-run(1)"), "{manual}");
    say(&["man", "--out", "manual"]);
    assert!(place.tree("manual").contains(&"my-cluster-run.1".to_owned()));
}

#[test]
fn the_manual_has_a_page_for_each_subcommand() {
    let place = Place::new();
    let names = subcommands(&place);
    let main = place.run(&["man"]).exits(0).out;
    assert!(main.contains("\n.TH rehearsal 1 "), "{main}");
    let said = place.run(&["man", "--out", "deep/manual"]).exits(0);
    assert_eq!(said.out, format!("wrote {} manual pages to deep/manual\n", names.len() + 1));
    let mut pages: Vec<String> = names.iter().map(|name| format!("rehearsal-{name}.1")).collect();
    pages.push("rehearsal.1".to_owned());
    pages.sort();
    assert_eq!(place.tree("deep/manual"), pages);
    assert_eq!(place.read("deep/manual/rehearsal.1"), main);
    for name in &names {
        assert!(main.contains(&format!("rehearsal\\-{name}(1)")), "{name}");
        let text = place.read(&format!("deep/manual/rehearsal-{name}.1"));
        assert!(text.contains(&format!("\n.TH rehearsal-{name} 1 ")), "{text}");
    }
    if there("man") {
        renders(&place.path("deep/manual/rehearsal-run.1"));
    }
    let said = place.run(&["man", "--out", "ping.toml"]).exits(2);
    assert!(said.err.contains("can not write manual pages to ping.toml"), "{}", said.err);
}

/// Asserts that `man` finds nothing to warn of, and shows the text.
fn renders(page: &Path) {
    let mut man = Command::new("man");
    man.args(["--warnings", "-l"]).arg(page).env("MANPAGER", "cat").env("MANWIDTH", "80");
    let output = man.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("SYNOPSIS") && text.contains("SCENARIO"), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
