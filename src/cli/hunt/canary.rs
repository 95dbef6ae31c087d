//! The canary: a protocol that always fails. A hunt that does not find it would not find anything.

use rehearsal_protocols::ping::{Echo, EchoService, Role};
use rehearsal_scenarios::{Loaded, Request, load_text};
use rehearsal_sim::bug::{BugInfo, PlantedBug};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::{Breach, Invariant, Monitor, Note};
use rehearsal_sim::protocol::{self, Boot, Input, Kinds, NoConfig, Protocol};
use rehearsal_sim::{kinds, mutant};

use crate::cli::Failure;

/// The property that it breaks.
pub(super) const PROPERTY: &str = "silence";

const SCENARIO: &str = r#"
title = "The canary sings"
protocol = "canary"
duration = "1s"
bug = "sings"

[workload]
rate = "20/s"

[[expect]]
silence = true
"#;

/// Its scenario, with its bug.
pub(super) fn scenario() -> Result<Loaded, Failure> {
    load_text(SCENARIO.as_bytes(), &Request::of("canary"), &[Entry::of::<Canary>()])
        .map_err(|report| Failure::OwnPanic(report.render(false)))
}

/// Answers every call, and sings while it is broken.
#[derive(Debug)]
struct Canary;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    Sings,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::Sings];
    fn info(self) -> BugInfo {
        BugInfo {
            slug: "sings",
            id: None,
            sentence: "the canary sings",
            source: "coal mines",
            property: PROPERTY,
            hunt: None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Sang,
}
kinds!(Event { Sang });

/// Nobody sends anything, and nothing rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Silence {}
impl Kinds for Silence {
    const KINDS: &'static [&'static str] = &[];
    fn kind(&self) -> usize {
        match *self {}
    }
}
impl protocol::Message for Silence {}

const INVARIANT: Invariant<Event> = Invariant {
    name: PROPERTY,
    sentence: "the canary does not sing",
    citation: "Haldane 1895, on the use of small animals in coal mines",
    new: |_| Box::new(Ear),
};

struct Ear;
impl Monitor<Event> for Ear {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Sang => Err(Breach { message: "it sings".to_owned(), nodes: vec![note.node] }),
        }
    }
}

impl Protocol for Canary {
    const NAME: &'static str = "canary";
    const SUMMARY: &'static str = "always fails, so that failures are known to be reported";
    const INVARIANTS: &'static [Invariant<Event>] = &[INVARIANT];
    type Bug = Bug;
    type Config = NoConfig;
    type Role = Role;
    type Service = EchoService;
    type Message = Silence;
    type Timer = Silence;
    type Record = ();
    type Event = Event;

    fn boot(_: Boot<'_, Canary>, _: &mut Effects<'_, Canary>) -> Canary {
        Canary
    }

    fn step(&mut self, input: Input<Canary>, fx: &mut Effects<'_, Canary>) {
        if let Input::Call { id, operation: Echo { token } } = input {
            mutant!(fx, Bug::Sings, (), fx.note(Event::Sang));
            fx.reply(id, token);
        }
    }
}
