//! What commands name: nodes, links, messages in flight.

use super::{Flight, Simulation};
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::simulation::network::Address;

/// One end of a link, or `*`.
type End = Option<NodeId>;

/// Some messages in flight: `n1->n2 AppendEntries#3`, `n1->n2 AppendEntries`, `n1->*`, `all`.
struct Selector {
    from: End,
    to: End,
    kind: Option<usize>,
    nth: Option<u32>,
    text: String,
}

impl Selector {
    fn matches(&self, at: Address) -> bool {
        self.from.is_none_or(|from| from == at.from())
            && self.to.is_none_or(|to| to == at.to())
            && self.kind.is_none_or(|kind| kind == at.kind())
            && self.nth.is_none_or(|nth| nth == at.nth())
    }
}

impl<P: Protocol> Simulation<'_, P> {
    /// The messages in flight that a command names, in the order it names them, and in the order
    /// they were sent where it names several at once.
    pub(super) fn select(&self, words: &[&str]) -> Result<Vec<u32>, String> {
        let mut found: Vec<u32> = Vec::new();
        for selector in self.selectors(words)? {
            let named = |(_, flight): &(&u32, &Flight<P::Message>)| selector.matches(flight.at);
            // Of two copies of one message, the first stands for the address.
            let most = if selector.nth.is_some() { 1 } else { usize::MAX };
            let chosen = self.parked.iter().filter(named).take(most);
            let numbers: Vec<u32> = chosen.map(|(number, _)| *number).collect();
            if numbers.is_empty() && selector.text != "all" {
                let in_flight = self.in_flight();
                return Err(format!("\"{}\" is not in flight; {in_flight}", selector.text));
            }
            for number in numbers {
                if !found.contains(&number) {
                    found.push(number);
                }
            }
        }
        Ok(found)
    }

    /// A link, and the message on it, if one is named, over and over.
    fn selectors(&self, words: &[&str]) -> Result<Vec<Selector>, String> {
        let mut selectors: Vec<Selector> = Vec::new();
        for word in words {
            if *word == "all" {
                let text = (*word).to_owned();
                selectors.push(Selector { from: None, to: None, kind: None, nth: None, text });
            } else if let Some((from, to)) = word.split_once("->") {
                let (from, to) = (self.end(from)?, self.end(to)?);
                let text = (*word).to_owned();
                selectors.push(Selector { from, to, kind: None, nth: None, text });
            } else {
                let last = selectors.last_mut().filter(|s| s.kind.is_none() && s.text != "all");
                let Some(selector) = last else {
                    return Err(format!("\"{word}\" is no link; write n1->n2, n1->* or *->n2"));
                };
                let (kind, nth) = message_address::<P>(word)?;
                (selector.kind, selector.nth) = (Some(kind), nth);
                selector.text = format!("{} {word}", selector.text);
            }
        }
        Ok(selectors)
    }

    fn end(&self, name: &str) -> Result<End, String> {
        if name == "*" { Ok(None) } else { self.node_called(name).map(Some) }
    }

    fn in_flight(&self) -> String {
        let text = |flight: &Flight<P::Message>| self.world.address_text(flight.at);
        let all: Vec<String> = self.parked.values().map(text).collect();
        if all.is_empty() {
            "nothing is".to_owned()
        } else {
            format!("in flight: {}", all.join(", "))
        }
    }

    pub(super) fn node_called(&self, name: &str) -> Result<NodeId, String> {
        let found = self.plan.nodes.iter().position(|node| node.name == name);
        found.map(|i| NodeId(u32::try_from(i).expect("few nodes"))).ok_or_else(|| {
            let names: Vec<&str> = self.plan.nodes.iter().map(|node| node.name.as_str()).collect();
            format!("no node \"{name}\"; there are {}", names.join(", "))
        })
    }

    /// The nodes that a command names; `all` are all.
    pub(super) fn nodes_called(&self, names: &[&str]) -> Result<Vec<NodeId>, String> {
        if names == ["all"] {
            return Ok(self.all());
        }
        let mut ids: Vec<NodeId> = Vec::new();
        for name in names {
            let id = self.node_called(name)?;
            if ids.contains(&id) {
                return Err(format!("{name} is named twice"));
            }
            ids.push(id);
        }
        Ok(ids)
    }
}

/// `AppendEntries#3`, or `AppendEntries` for all of a kind.
fn message_address<P: Protocol>(text: &str) -> Result<(usize, Option<u32>), String> {
    let kinds = <P::Message as Kinds>::KINDS;
    let (name, nth) = match text.split_once('#') {
        Some((name, nth)) => (name, Some(nth)),
        None => (text, None),
    };
    let kind = kinds
        .iter()
        .position(|kind| *kind == name)
        .ok_or_else(|| format!("no kind of message \"{name}\"; there are {}", kinds.join(", ")))?;
    let nth = nth.map(|nth| nth.parse().map_err(|_| format!("\"#{nth}\" is no number")));
    Ok((kind, nth.transpose()?))
}
