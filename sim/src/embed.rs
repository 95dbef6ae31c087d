//! Protocols within protocols: a node that is, among other things, a node of another protocol.
//!
//! A controller that elects its leader by Raft need not know how Raft does that. It keeps a Raft node
//! in its state and hands it what concerns it, through a window of its own ([`Effects::embed`]):
//!
//! ```text
//!   step(Message(Raft(body))) --> fx.embed(|fx| raft.step(Message(body), fx)) --> send(Raft(reply))
//!   step(Timer(Beat))         --> raft.standing().rank == "leader" ?          --> send(Order)
//! ```
//!
//! The inner protocol notices nothing. Its messages and timers come first among the kinds of the outer
//! one (`kinds!(Message { in Raft(raft::Message), Order })`), and the outer one's own timers and picks
//! are drawn from streams of their own, so that its draws are those it would have alone. Its events are
//! judged by its own invariants. Its planted bugs stay its own: they are planted where it is alone.
//!
//! The disk belongs to the inner protocol: what the outer one wants to keep, it replicates. A node that
//! has no part in the inner protocol gets a role in which it is never spoken to.

use crate::bug::BugSet;
use crate::effects::{Effect, Effects, Recorded};
use crate::history::CallId;
use crate::protocol::{Input, Kinds as _, Protocol, ReplyOf};
use crate::service::Outcome;

/// An enum with a variant for what is another protocol's; `kinds!` implements it.
pub trait Wraps<T>: Sized {
    /// Puts it into its variant.
    fn wrap(inner: T) -> Self;
    /// Takes it out again; what is in another variant comes back as it is.
    ///
    /// # Errors
    /// With itself.
    fn unwrap(self) -> Result<T, Self>;
}

/// A protocol whose nodes are nodes of the protocol `I`, too.
pub trait Embeds<I: Protocol>:
    Protocol<
        Message: Wraps<I::Message>,
        Timer: Wraps<I::Timer>,
        Event: From<I::Event>,
        Record = I::Record,
    >
{
    /// The inner protocol's parameters.
    fn config(config: &Self::Config) -> &I::Config;
    /// What a node is in the inner protocol.
    fn role(role: Self::Role) -> I::Role;
    /// What an application hears that called; `None` where the outer protocol called, which finds
    /// the reply in [`Heard`].
    fn reply(inner: ReplyOf<I>) -> Option<ReplyOf<Self>>;

    /// What concerns the inner protocol; everything else, and every call of an application, comes
    /// back as it is.
    fn inner(input: Input<Self>) -> Result<Input<I>, Input<Self>> {
        match input {
            Input::Message { from, body } => match body.unwrap() {
                Ok(body) => Ok(Input::Message { from, body }),
                Err(body) => Err(Input::Message { from, body }),
            },
            Input::Timer(timer) => timer.unwrap().map(Input::Timer).map_err(Input::Timer),
            Input::Refused { to, kind } if kind < I::Message::KINDS.len() => {
                Ok(Input::Refused { to, kind })
            }
            Input::WriteFailed { lost } => Ok(Input::WriteFailed { lost }),
            Input::Refused { .. } | Input::Call { .. } => Err(input),
        }
    }
}

/// What the inner protocol said in a step, apart from messages. It has been passed on already where
/// it concerns others; what waits for the disk is heard when it is recorded.
#[derive(Clone, Debug)]
pub struct Heard<I: Protocol> {
    /// The calls that it ended.
    pub replies: Vec<(CallId, Outcome<ReplyOf<I>>)>,
    /// What it told observers.
    pub events: Vec<I::Event>,
}

impl<P: Protocol> Effects<'_, P> {
    /// Lends a protocol within this one a window of its own, and passes on what it does. Gives what
    /// `code` gives, and what was heard.
    pub fn embed<I: Protocol, R>(
        &mut self,
        code: impl FnOnce(&mut Effects<'_, I>) -> R,
    ) -> (R, Heard<I>)
    where
        P: Embeds<I>,
        I::Event: Clone,
    {
        let roles: Vec<I::Role> = self.roles.iter().map(|role| P::role(*role)).collect();
        let nothing = BugSet::NONE;
        let mut out = Vec::new();
        let result = code(&mut Effects {
            me: self.me,
            config: P::config(self.config),
            roles: &roles,
            now: self.now,
            wall: self.wall,
            incarnation: self.incarnation,
            bugs: &nothing,
            picks: self.inner_picks.as_deref_mut().unwrap_or(&mut *self.picks),
            inner_picks: None,
            out: &mut out,
        });
        let mut heard = Heard { replies: Vec::new(), events: Vec::new() };
        for Recorded { effect, held } in out {
            match &effect {
                Effect::Reply { call, outcome } => heard.replies.push((*call, outcome.clone())),
                Effect::Note(event) => heard.events.push(event.clone()),
                _ => {}
            }
            if let Some(effect) = outer::<P, I>(effect) {
                self.out.push(Recorded { effect, held });
            }
        }
        (result, heard)
    }
}

/// An effect of the inner protocol as one of the outer protocol; none where only that hears of it.
fn outer<P: Embeds<I>, I: Protocol>(effect: Effect<I>) -> Option<Effect<P>> {
    Some(match effect {
        Effect::Send { to, body } => Effect::Send { to, body: Wraps::wrap(body) },
        Effect::Reply { call, outcome } => {
            let outcome = match outcome {
                Outcome::Ok(reply) => Outcome::Ok(P::reply(reply)?),
                Outcome::Failed => Outcome::Failed,
                Outcome::Unknown => Outcome::Unknown,
            };
            Effect::Reply { call, outcome }
        }
        Effect::Note(event) => Effect::Note(event.into()),
        Effect::Arm { timer, after } => Effect::Arm { timer: Wraps::wrap(timer), after },
        Effect::Disarm(timer) => Effect::Disarm(Wraps::wrap(timer)),
        Effect::Append(record) => Effect::Append(record),
        Effect::Truncate { keep } => Effect::Truncate { keep },
        Effect::Rewrite(records) => Effect::Rewrite(records),
        Effect::Count { name, by } => Effect::Count { name, by },
        Effect::Gauge { name, value } => Effect::Gauge { name, value },
        Effect::Exit(reason) => Effect::Exit(reason),
        Effect::Done => Effect::Done,
    })
}
