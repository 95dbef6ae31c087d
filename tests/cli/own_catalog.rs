//! A crate of one's own (`examples/panics.rs`) has every verb for its own protocol, which panics on
//! the third message its server gets.

use crate::support::{Place, Said, behind, example, words};

fn run(place: &Place, args: &[&str]) -> Said {
    Said::of(&place.program(example("panics"), args).output().expect("the example starts"))
}

fn place() -> Place {
    let place = Place::new();
    run(&place, &["new", "fragile"]).exits(0);
    place
}

#[test]
fn a_protocol_that_panics_is_violated_not_fatal() {
    let place = place();
    let said = run(&place, &["run", "fragile.toml", "--seed", "3"]).exits(1);
    assert_eq!(behind("violated:", &said.out), "panicked");
    assert!(behind("when:", &said.out).ends_with(" on n1"), "{}", said.out);
    let what = behind("what:", &said.out);
    assert!(what.contains("n1 panicked on a message Question"), "{}", said.out);
    assert!(said.out.contains("the third message\n            is one too many\n"), "{}", said.out);
    assert!(behind("code:", &said.out).replace('\\', "/").starts_with("examples/panics.rs:"));
    assert_eq!(said.err, "", "nothing is printed by the panic itself");

    let mut again = words(behind("reproduce:", &said.out));
    assert_eq!(again.remove(0), "panics");
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let json = run(&place, &[&again[..], &["--json", "--twice"]].concat()).exits(1).json();
    assert_eq!(json["violations"].as_array().unwrap().len(), 1);
    assert_eq!(json["violations"][0]["property"], "panicked");
    assert_eq!(json["violations"][0]["kind"], "panic");
    assert!(said.out.contains(&format!(" · digest {} · ", json["digest"].as_str().unwrap())));
}

#[test]
fn a_sweep_goes_on_after_a_panic() {
    let sweep = |jobs: &str| {
        let place = place();
        let args = ["sweep", "fragile.toml", "--seeds", "0..25", "--jobs", jobs, "--failures", "3"];
        run(&place, &args).exits(1)
    };
    let (one, two) = (sweep("1"), sweep("2"));
    assert_eq!(one.same_everywhere(), two.same_everywhere());
    assert_eq!((one.err.as_str(), two.err.as_str()), ("", ""));
    assert!(one.out.contains("\n0 passed (0 of them legally stuck), 25 failed, 0 inconclusive\n"));
    assert_eq!(one.out.matches("  reproduce: panics run fragile.toml --seed ").count(), 3);
}

#[test]
fn a_panic_in_a_script_is_part_of_the_reaction() {
    let place = Place::new();
    place.write(
        "fall.txt",
        "cluster fragile servers=1 clients=1\n\nboot\n\ncall client1 echo k1\ncall client1 echo k2\n\
         call client1 echo k3\nsettle\n",
    );
    let said = run(&place, &["script", "fall.txt", "--rewrite"]).exits(1);
    assert!(said.out.starts_with("fall.txt is rewritten\nviolated: panicked: n1 panicked"));
    let said = run(&place, &["script", "fall.txt"]).exits(1);
    let verdict = "FAIL  fall.txt: 0 of 3 blocks react differently, 1 violation\n";
    assert!(said.out.ends_with(verdict), "{}\n{}", said.out, place.read("fall.txt"));
}

#[test]
fn the_other_verbs_speak_of_the_own_protocol() {
    let place = place();
    let listed = run(&place, &["list", "protocols"]).exits(0).out;
    assert!(listed.starts_with("fragile  answers twice") && !listed.contains("raft"), "{listed}");
    assert_eq!(run(&place, &["list", "scenarios"]).exits(0).out, "", "none of ours is for it");
    assert!(run(&place, &["schema"]).exits(0).out.contains("\"fragile\""));
    assert!(run(&place, &["--help"]).exits(0).out.contains("Usage: panics <COMMAND>"));
    run(&place, &["run", "raft/leader-crash"]).exits(2);
}
