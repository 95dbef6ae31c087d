//! The register keeps its promises, whatever the seed and the scenario.

use proptest::prelude::*;
use rehearsal::prelude::*;
use rehearsal::prop::Days;
use rehearsal_outside::{Access, OWN, RegisterService};

#[test]
fn crashes_lose_nothing() {
    rehearsal::check_file("scenarios/crashes.toml", 0..40, OWN);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bad_day_is_linearizable(
        clients in 1u32..6,
        loss in 0u32..30,
        duplicate in 0u32..30,
        crash in 100u64..1500,
        down in 1u64..400,
        seed: u64,
    ) {
        let scenario = format!(
            r#"
            title = "Register: any bad day"
            protocol = "register"
            duration = "2s"
            cluster.clients = {clients}
            network.loss = 0.{loss:02}
            network.duplicate = 0.{duplicate:02}
            workload.rate = "100/s"
            fault = [{{ at = "{crash}ms", crash = "n1", restart_after = "{down}ms" }}]
            expect = [{{ linearizable = true }}, {{ written_once = true }}]
            "#
        );
        rehearsal::check(&scenario, [seed], OWN);
    }
}

/// The register's days: one server, since there is no second one to ask.
fn days() -> Days {
    Days::of("register")
        .role("clients", 1..=5)
        .expect("linearizable = true")
        .expect("written_once = true")
        .tables("[register]\ntimeout = \"40ms\"")
}

#[test]
fn a_drawn_day_is_survived() {
    days().cases(48).check(OWN);
}

#[test]
fn a_drawn_day_finds_the_planted_bug_and_is_small() {
    let said = days().bug("writes-again").unkept().try_check(OWN).unwrap_err();
    assert!(said.contains("violated: written_once"), "{said}");
    assert!(said.matches("[[fault]]").count() <= 1, "{said}");
    assert!(said.contains("clients = 1\n"), "{said}");
}

#[test]
fn a_day_that_failed_is_kept_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let check = |days: Days| days.regressions(folder.path()).try_check(OWN);
    let said = check(days().bug("writes-again")).unwrap_err();
    let kept = folder.path().join("register-written-once.toml");
    assert!(said.contains(&format!("reproduce: cargo run -- run {}", kept.display())), "{said}");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.starts_with("# Violates: written_once\n"), "{text}");
    // It is replayed although no day is drawn, and passes once the bug is gone.
    let said = check(days().cases(0)).unwrap_err();
    assert!(said.contains("register-written-once.toml fails again"), "{said}");
    std::fs::write(&kept, text.replace("bug = \"writes-again\"\n", "")).unwrap();
    check(days().cases(0)).unwrap();
}

#[test]
fn days_of_an_unknown_protocol_say_so() {
    let said = Days::of("registr").unkept().try_check(OWN).unwrap_err();
    assert!(said.contains("registr") && said.contains("register"), "{said}");
}

#[test]
fn a_server_that_forgets_is_caught() {
    let scenario = include_str!("../scenarios/crashes.toml");
    let planted = format!("bug = \"writes-again\"\n{scenario}");
    let said = rehearsal::try_check(&planted, 0..10, OWN).unwrap_err();
    assert!(said.contains("violated: written_once"), "{said}");
}

#[test]
fn the_model_keeps_its_promises() {
    let operations = [Access::Read, Access::Write(1), Access::Write(2)];
    check_promises::<RegisterService>(&[3], &operations);
}

#[test]
fn a_quiet_network_needs_no_retries() {
    let text = b"protocol = \"register\"\nduration = \"2s\"\nworkload.rate = \"50/s\"\n";
    let loaded = load_text(text, &Request::of("quiet"), OWN).unwrap();
    for seed in 0..10 {
        let record: Record = (loaded.entry.run)(&loaded.plan, seed, &Watch::QUIET);
        assert_eq!(record.head.verdict, Judgement::Pass);
        let (sent, called) = (record.head.messages.sent, record.head.operations.called);
        assert!(sent <= 2 * called, "seed {seed}: {sent} messages for {called} calls");
    }
}
