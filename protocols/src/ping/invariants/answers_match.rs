//! A pong carries the token of the ping whose number it repeats.
//!
//! Constant cost: one token is remembered for every ping without an answer.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::ping::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "answers_match",
    sentence: "a pong carries the token of the ping whose number it repeats",
    citation: "the definition of echo, RFC 862",
    new: |cluster| Box::new(AnswersMatch { cluster: cluster.clone(), asked: BTreeMap::new() }),
};

struct AnswersMatch {
    cluster: Cluster,
    asked: BTreeMap<(NodeId, u64), u64>,
}

impl Monitor<Event> for AnswersMatch {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Asked { number, token } => {
                self.asked.insert((note.node, number), token);
                Ok(())
            }
            Event::Answered { number, token } => match self.asked.remove(&(note.node, number)) {
                Some(asked) if asked == token => Ok(()),
                asked => {
                    let name = self.cluster.name(note.node);
                    let asked = asked.map_or("nothing".to_owned(), |asked| asked.to_string());
                    let message = format!("{name} asked {asked} as ping {number}, heard {token}");
                    Err(Breach { message, nodes: vec![note.node] })
                }
            },
        }
    }
}
