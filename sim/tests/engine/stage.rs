//! The stage of scripts: every command, used rightly and wrongly.

use rehearsal_sim::plan::Plan;
use rehearsal_sim::script::{COMMANDS, Stage};

use crate::plans::*;
use crate::puppet::Bell::{Alpha, Zulu};
use crate::puppet::Body::{Ping, Pong};
use crate::puppet::{Do, On, PUPPET};

/// Three servers and a client: n1 greets the others once it has written, n2 answers.
fn cast() -> Plan {
    puppets_and_clients(
        3,
        1,
        &[
            (
                0,
                On::Boot,
                &[
                    Do::Append(1),
                    Do::SendSynced(1, Ping(1)),
                    Do::SendSynced(2, Ping(1)),
                    Do::Arm(Zulu(0), 50),
                    Do::Arm(Zulu(1), 60),
                    Do::Arm(Alpha(0), 70),
                ],
            ),
            (0, On::Bell(Zulu(0)), &[Do::Send(0, Pong(5)), Do::Send(1, Ping(2))]),
            (1, On::Body(Ping(1)), &[Do::Send(0, Pong(1))]),
            (1, On::Body(Ping(2)), &[Do::Panic]),
            (2, On::Body(Ping(1)), &[Do::Say(666)]),
            (3, On::Call, &[Do::Reply]),
        ],
    )
}

fn obey(stage: &mut dyn Stage, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    match stage.command(&words) {
        Ok(lines) => lines.join("\n"),
        Err(why) => format!("error: {why}"),
    }
}

/// Plays a script: `> command` lines, each followed by the reaction. What stands before every line
/// of it is no part of the script.
#[track_caller]
fn play(plan: &Plan, script: &str) {
    let mut stage = (PUPPET.stage)(plan);
    let mut found = String::new();
    let lines = || script.lines().filter(|line| !line.trim().is_empty());
    let margin = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    for line in lines().map(|line| &line[margin..]) {
        if let Some(command) = line.strip_prefix("> ") {
            found += &format!("> {command}\n");
            let reaction = obey(&mut *stage, command);
            found += &reaction;
            found += if reaction.is_empty() { "" } else { "\n" };
        }
    }
    let expected: Vec<&str> = lines().map(|line| &line[margin..]).collect();
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}

const SCENE: &str = "
    > boot n1
    n1 boots
      n1 * Booted { clock: 0, incarnation: 0, disk: [] }
    > boot n2 n3 client1
    n2 boots
      n2 * Booted { clock: 0, incarnation: 0, disk: [] }
    n3 boots
      n3 * Booted { clock: 0, incarnation: 0, disk: [] }
    client1 boots
      client1 * Booted { clock: 0, incarnation: 0, disk: [] }
    > show n1 n2
    n1 heard=0
    n1 timers: Zulu(0) Zulu(1) Alpha(0)
    n2 heard=0
    n2 timers: none
    > disk n1 n2
    n1 not yet: 1
    n2 has an empty disk
    > in-flight
    nothing is in flight
    > sync n1
    n1 disk: 1 write is durable
      n1->n2 Ping#1 sent: (1)
      n1->n3 Ping#1 sent: (1)
    > duplicate n1->n2 Ping#1
    n1->n2 Ping#1 gets a second copy
    > deliver n1->n2 Ping#1
    n1->n2 Ping#1 arrives: (1)
      n2 * Heard { from: 0, body: Ping(1), clock: 0 }
      n2->n1 Pong#1 sent: (1)
    > drop n1->n2
    n1->n2 Ping#1 never arrives: lost
    > cut n1 | n2
    the network is cut: n1 | n2
    > advance 1.5s
    > deliver n2->n1
    n2->n1 Pong#1 arrives: (1)
      n1 * Heard { from: 1, body: Pong(1), clock: 1500000000 }
    > fire n1 Zulu(0)
    n1 timer Zulu(0) rings
      n1 * Rang { bell: Zulu(0), clock: 1500000000 }
      n1->n2 Ping#2 sent, but cut off: (2)
      n1 * Heard { from: 0, body: Pong(5), clock: 1500000000 }
    > heal
    the network heals
    > call client1 put k4
    client1 call 0: Put(4, 1)
      client1 * Called { call: 0, clock: 1500000000 }
      client1 call 0 ends: 7
    > crash n3
    n3 crashes
    > deliver all
    n1->n3 Ping#1 never arrives: the receiver is down
    > restart n3
    n3 boots again, with 0 records on disk
      n3 * Booted { clock: 1500000000, incarnation: 1, disk: [] }
    > crash n1
    n1 crashes
    > show n1
    n1 is down
    > restart n1
    n1 boots again, with 1 record on disk
      n1 * Booted { clock: 1500000000, incarnation: 1, disk: [1] }
    > cut n1 n3 -> n2
    the network is cut: n1 n3 -> n2
    > settle
    n1 disk: 1 write is durable
      n1->n2 Ping#3 sent, but cut off: (1)
      n1->n3 Ping#2 sent: (1)
    n1->n3 Ping#2 arrives: (1)
      n3 * Heard { from: 0, body: Ping(1), clock: 1500000000 }
      n3 * Said(666)
    !! nothing_evil is violated: n3 says 666
    ";

#[test]
fn a_scene_from_beginning_to_end() {
    play(&cast(), SCENE);
}

const REFUSALS: &str = "
    > boot n1
    n1 boots
      n1 * Booted { clock: 0, incarnation: 0, disk: [] }
    > sync n1
    n1 disk: 1 write is durable
      n1->n2 Ping#1 sent: (1)
      n1->n3 Ping#1 sent: (1)
    > refuse n1->n3
    n1->n3 Ping#1 was refused
      n1 * Refused { to: 2, kind: 0, clock: 0 }
    > crash n1
    n1 crashes
    > refuse n1->n2
    n1->n2 Ping#1 never arrives: refused
    > in-flight
    nothing is in flight
    ";

#[test]
fn who_is_up_hears_of_a_refusal() {
    play(&cast(), REFUSALS);
}

const NONSENSE: &str = "
    > juggle
    error: no command \"juggle\"; there are boot, call, fire, advance, sync, fail, deliver, drop, refuse, duplicate, settle, cut, heal, crash, restart, rot, wipe, show, logs, disk, in-flight, quietly
    > boot n9
    error: no node \"n9\"; there are n1, n2, n3, client1
    > restart n2
    error: n2 never ran; boot it
    > crash n2
    error: n2 is down already
    > fire n1 Zulu(0)
    error: n1 is down
    > boot n1 n1
    error: n1 is named twice
    > boot n1
    n1 boots
      n1 * Booted { clock: 0, incarnation: 0, disk: [] }
    > boot n2 n1
    error: n1 is up already
    > restart n1
    error: n1 is up; crash it first
    > crash n1 n2
    error: n2 is down already
    > sync n1 n2
    error: n2 has nothing to sync
    > sync n1
    n1 disk: 1 write is durable
      n1->n2 Ping#1 sent: (1)
      n1->n3 Ping#1 sent: (1)
    > sync n1
    error: n1 has nothing to sync
    > sync all
    > sync
    error: sync NODE ..|all: disks finish what they were handed
    > call n1 put k1
    error: n1 takes no calls; call client1
    > call client1 sing k1
    error: no operation \"sing\"; there are get, put
    > call client1 put kk1
    error: \"kk1\" is no key; write k7
    > call client1 put
    error: call NODE OPERATION KEY: an application calls an operation on a client node
    > call client1 get 3
    client1 call 0: Get(3)
      client1 call 0 failed, without effect
    > fire n1 Zulu
    error: \"Zulu\" names several timers of n1: Zulu(0), Zulu(1)
    > fire n1 Alpha
    n1 timer Alpha(0) rings
      n1 * Rang { bell: Alpha(0), clock: 0 }
    > fire n1 Alpha
    error: n1 has no armed timer \"Alpha\"; armed: Zulu(0), Zulu(1)
    > fire n1
    error: fire NODE TIMER: an armed timer rings
    > advance
    error: advance DURATION: moves the clock; nothing fires by itself
    > advance 5
    error: the duration \"5\" has no unit: write a number and a unit, like \"150ms\" (units: ns, us, ms, s, m, h, d)
    > advance 200000d
    > advance 200000d
    error: the clock ends after 584 years
    > deliver n1->n2 Ping#2
    error: \"n1->n2 Ping#2\" is not in flight; in flight: n1->n2 Ping#1, n1->n3 Ping#1
    > deliver n1 n2
    error: \"n1\" is no link; write n1->n2, n1->* or *->n2
    > deliver Ping#1
    error: \"Ping#1\" is no link; write n1->n2, n1->* or *->n2
    > deliver all Ping
    error: \"Ping\" is no link; write n1->n2, n1->* or *->n2
    > deliver n1->n2 Hello#1
    error: no kind of message \"Hello\"; there are Ping, Pong, Bulk
    > deliver *->n9
    error: no node \"n9\"; there are n1, n2, n3, client1
    > deliver n1->n3 Ping n2->*
    error: \"n2->*\" is not in flight; in flight: n1->n2 Ping#1, n1->n3 Ping#1
    > drop n1->n2 Ping#first
    error: \"#first\" is no number
    > drop n1->n2 Ping#1 now
    error: \"now\" is no link; write n1->n2, n1->* or *->n2
    > duplicate
    error: duplicate MESSAGES ..: the network makes second copies of messages in flight
    > quietly
    error: quietly COMMAND ..: carries out a command and shows violations only
    > quietly drop n3->n1
    error: \"n3->n1\" is not in flight; in flight: n1->n2 Ping#1, n1->n3 Ping#1
    > drop all
    n1->n2 Ping#1 never arrives: lost
    n1->n3 Ping#1 never arrives: lost
    > drop n1->n2
    error: \"n1->n2\" is not in flight; nothing is
    > drop all
    nothing is in flight
    > cut n1
    error: a cut has two sides: `cut n1 | n2 n3`
    > cut n1 |
    error: a cut has two sides: `cut n1 | n2 n3`
    > cut n1 | n2 n1
    error: n1 is named twice
    > cut n1 ->
    error: a one-way cut has two ends: `cut n1 -> n2`
    > cut n1->n2
    the network is cut: n1->n2
    > show
    error: show NODE ..: describes nodes
    > crash n1
    n1 crashes
    > boot n1
    error: n1 ran before; restart it
    ";

#[test]
fn what_makes_no_sense_is_answered_with_a_sentence_and_changes_nothing() {
    play(&cast(), NONSENSE);
    let plan = cast();
    let mut stage = (PUPPET.stage)(&plan);
    assert_eq!(stage.command(&[]), Err("an empty command".to_owned()));
}

#[test]
fn boot_without_names_starts_everybody() {
    let plan = cast();
    let mut stage = (PUPPET.stage)(&plan);
    assert_eq!(obey(&mut *stage, "boot").lines().count(), 8);
    assert_eq!(obey(&mut *stage, "boot"), "error: n1 is up already");
}

#[test]
fn every_command_that_is_listed_exists() {
    let plan = cast();
    let mut stage = (PUPPET.stage)(&plan);
    for (name, takes, _) in COMMANDS {
        let reaction = obey(&mut *stage, &format!("{name} too many and wrong words"));
        assert!(reaction.starts_with("error: "), "{reaction}");
        let unknown = format!("no command \"{name}\"");
        assert!(!reaction.contains(&unknown), "{name} {takes}: {reaction}");
    }
}

#[test]
fn disks_fail_rot_and_are_wiped_by_hand() {
    let mut plan = cast();
    plan.disk.torn = chance(1.0);
    play(
        &plan,
        "
        > quietly boot n1
        > fail n1
        n1 disk: refuses 1 write, which is lost
          n1 * Failed { lost: 1 }
        > fail n1
        error: n1 has nothing to sync
        > disk n1
        n1 has an empty disk
        > rot n1 1
        error: n1 has an empty disk
        > crash n1
        n1 crashes
        > quietly restart n1
        > quietly sync n1
        > wipe n1
        error: n1 is up; crash it first
        > crash n1
        n1 crashes
        > quietly restart n1
        > crash n1
        n1 crashes, losing 1 write that was not durable; the first lost one is half-written
        > disk n1
        n1 durable: 1
        n1 durable: Torn
        > rot n1 3
        error: n1 has no record 3; there are 1 to 2
        > rot n1 1
        n1 has bit rot: 1 record on its disk is unreadable
        > restart n1
        n1 boots again, with 2 records on disk
          n1 * Booted { clock: 0, incarnation: 3, disk: [] }
          n1 * Found { torn: 1, damaged: 1 }
        > quietly crash n1
        > wipe n1
        n1 has its disk wiped, with 3 records
        > restart n1
        n1 boots again, with 0 records on disk
          n1 * Booted { clock: 0, incarnation: 4, disk: [] }
        ",
    );
}

#[test]
fn a_panic_on_the_stage_is_a_violation_and_a_crash() {
    play(
        &cast(),
        "
        > boot n1 n2
        n1 boots
          n1 * Booted { clock: 0, incarnation: 0, disk: [] }
        n2 boots
          n2 * Booted { clock: 0, incarnation: 0, disk: [] }
        > fire n1 Zulu(0)
        n1 timer Zulu(0) rings
          n1 * Rang { bell: Zulu(0), clock: 0 }
          n1->n2 Ping#1 sent: (2)
          n1 * Heard { from: 0, body: Pong(5), clock: 0 }
        > deliver n1->n2
        n1->n2 Ping#1 arrives: (2)
        !! panicked is violated: n2 panicked on a message Ping from n1: told to panic
        n2 crashes
        > show n2
        n2 is down
        > restart n2
        n2 boots again, with 0 records on disk
          n2 * Booted { clock: 0, incarnation: 1, disk: [] }
        ",
    );
}

#[test]
fn violations_are_kept_for_who_asks() {
    let plan = puppets(1, &[(0, On::Boot, &[Do::Say(666), Do::Say(666)])]);
    let mut stage = (PUPPET.stage)(&plan);
    obey(&mut *stage, "boot");
    assert_eq!(stage.violations().len(), 2);
    assert_eq!(stage.violations()[0].property, "nothing_evil");
}

#[test]
fn a_node_that_writes_to_itself_for_ever_does_not_hang_the_stage() {
    let plan = puppets(
        1,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 1)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(0, Pong(1))]),
            (0, On::Body(Pong(1)), &[Do::Send(0, Pong(2))]),
            (0, On::Body(Pong(2)), &[Do::Send(0, Pong(1))]),
        ],
    );
    let mut stage = (PUPPET.stage)(&plan);
    obey(&mut *stage, "boot");
    let reaction = obey(&mut *stage, "fire n1 Zulu");
    assert!(reaction.ends_with("!! livelock is violated: 1000000 events at one instant"));
    assert_eq!(obey(&mut *stage, "fire n1 Zulu"), "error: n1 has no armed timer");
}

#[test]
fn what_never_settles_says_so() {
    let plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Send(1, Ping(1))]),
            (1, On::Body(Ping(1)), &[Do::Send(0, Pong(1))]),
            (0, On::Body(Pong(1)), &[Do::Send(1, Ping(1))]),
        ],
    );
    let mut stage = (PUPPET.stage)(&plan);
    obey(&mut *stage, "boot");
    assert_eq!(obey(&mut *stage, "settle"), "error: the cluster has not settled after 1000 rounds");
}

#[test]
fn messages_are_named_one_by_one_or_many_at_once() {
    play(
        &cast(),
        "
        > quietly boot
        > quietly sync n1
        > duplicate n1->n2 Ping#1
        n1->n2 Ping#1 gets a second copy
        > duplicate *->n3 Ping
        n1->n3 Ping#1 gets a second copy
        > in-flight
        n1->n2 Ping#1: (1)
        n1->n3 Ping#1: (1)
        n1->n2 Ping#1: (1)
        n1->n3 Ping#1: (1)
        > drop n1->n3 Ping#1
        n1->n3 Ping#1 never arrives: lost
        > deliver *->n2 n1->n2 Ping#1
        n1->n2 Ping#1 arrives: (1)
          n2 * Heard { from: 0, body: Ping(1), clock: 0 }
          n2->n1 Pong#1 sent: (1)
        n1->n2 Ping#1 arrives: (1)
          n2 * Heard { from: 0, body: Ping(1), clock: 0 }
          n2->n1 Pong#2 sent: (1)
        > drop n2->* n1->n3
        n2->n1 Pong#1 never arrives: lost
        n2->n1 Pong#2 never arrives: lost
        n1->n3 Ping#1 never arrives: lost
        > deliver all
        nothing is in flight
        ",
    );
}

#[test]
fn what_is_done_quietly_shows_violations() {
    play(
        &cast(),
        "
        > quietly boot
        > quietly sync n1
        > quietly deliver all
        !! nothing_evil is violated: n3 says 666
        > disk n1
        n1 durable: 1
        ",
    );
}
