//! A catalog of one's own, with one protocol that is broken: its server panics on the third message
//! it gets. `cargo run --example panics -- run FILE` knows every verb of `rehearsal`.

use rehearsal::prelude::*;
use rehearsal::protocols::ping::{Echo, EchoService, Role};

/// Clients ask once, servers echo twice and then fall over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fragile {
    Server { heard: u32 },
    Client,
}
const _: () = explorable::<Fragile>();

/// What nodes say to each other: the call it belongs to, and the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Line {
    Question { call: CallId, token: u64 },
    Answer { call: CallId, token: u64 },
}
kinds!(Line { Question, Answer });
impl protocol::Message for Line {}

/// Nothing rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Silence {}
impl Kinds for Silence {
    const KINDS: &'static [&'static str] = &[];
    fn kind(&self) -> usize {
        match *self {}
    }
}

impl Protocol for Fragile {
    const NAME: &'static str = "fragile";
    const SUMMARY: &'static str = "answers twice, and panics on the third message";
    const INVARIANTS: &'static [Invariant<Silence>] = &[];
    type Bug = NoBugs;
    type Config = NoConfig;
    type Role = Role;
    type Service = EchoService;
    type Message = Line;
    type Timer = Silence;
    type Record = ();
    type Event = Silence;

    fn boot(boot: Boot<'_, Fragile>, _: &mut Effects<'_, Fragile>) -> Fragile {
        match boot.role {
            Role::Server => Fragile::Server { heard: 0 },
            Role::Client => Fragile::Client,
        }
    }

    fn step(&mut self, input: Input<Fragile>, fx: &mut Effects<'_, Fragile>) {
        match (self, input) {
            (
                Fragile::Server { heard },
                Input::Message { from, body: Line::Question { call, token } },
            ) => {
                *heard += 1;
                assert!(*heard < 3, "the third message\nis one too many");
                fx.send(from, Line::Answer { call, token });
            }
            (Fragile::Client, Input::Call { id, operation: Echo { token } }) => {
                let server = fx.all(Role::Server).next().expect("there is always a server");
                fx.send(server, Line::Question { call: id, token });
            }
            (Fragile::Client, Input::Message { body: Line::Answer { call, token }, .. }) => {
                fx.reply(call, token);
            }
            _ => {}
        }
    }
}

fn main() {
    rehearsal::cli::main(&[Entry::of::<Fragile>()])
}
