//! A receiver takes each packet of a file once, and a file is called whole, and its sending done, only
//! when all of its packets were taken.
//!
//! What a receiver held when it crashed is gone, and the file is sent to it anew: packets are taken once
//! in each of its lives. Cost: what is missing before the last packet that came, file by file.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::transfer::{Event, Ticks};

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "received_once_and_whole",
    sentence: "each packet of a file is taken once, and no file is done before all of them were",
    citation: "Saltzer, Reed & Clark 1984, \"End-to-end arguments in system design\", section 2",
    new: |cluster| {
        Box::new(ReceivedOnceAndWhole {
            cluster: cluster.clone(),
            taken: BTreeMap::new(),
            whole: BTreeSet::new(),
        })
    },
};

struct ReceivedOnceAndWhole {
    cluster: Cluster,
    /// By receiver, sender and file: what it took in the latest of its lives.
    taken: BTreeMap<(NodeId, NodeId, u64), (u64, Ticks)>,
    /// By sender: the files that somebody had whole and whose sender does not know it yet.
    whole: BTreeSet<(NodeId, u64)>,
}

impl ReceivedOnceAndWhole {
    fn breach(&self, node: NodeId, what: &str) -> Result<(), Breach> {
        let message = format!("{} {what}", self.cluster.name(node));
        Err(Breach { message, nodes: vec![node] })
    }
}

impl Monitor<Event> for ReceivedOnceAndWhole {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Took { from, file, packet, life } => {
                let (in_life, ticks) = self.taken.entry((note.node, from, file)).or_default();
                if life > *in_life {
                    (*in_life, *ticks) = (life, Ticks::default());
                }
                if ticks.tick(packet) {
                    return Ok(());
                }
                self.breach(note.node, &format!("takes packet {packet} of file {file} twice"))
            }
            Event::Whole { from, file, packets } => {
                let taken = self.taken.get(&(note.node, from, file));
                let first = taken.map_or(0, |(_, ticks)| ticks.below());
                self.whole.insert((from, file));
                if first == packets {
                    return Ok(());
                }
                let what = format!("calls file {file} whole, and packet {first} never came");
                self.breach(note.node, &what)
            }
            Event::Done { file } => match self.whole.remove(&(note.node, file)) {
                true => Ok(()),
                false => {
                    self.breach(note.node, &format!("is done with file {file}, which nobody has"))
                }
            },
            Event::Began { .. } => Ok(()),
        }
    }
}
