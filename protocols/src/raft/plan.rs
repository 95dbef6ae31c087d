//! The operator's plan: what an administrator asks of the cluster, and when.

use std::fmt;

use rehearsal_sim::protocol::{NodeId, Reach};
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::config::{Config, MembershipChange};
use super::{Raft, Role};
use crate::parts::configuration::Members;
use crate::parts::disk::DAMAGED;
use crate::parts::machine::Machine;

/// One step of an operator's plan: when, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// When the operator begins to ask, by its own clock, since the start of the run; a step before that
    /// is not done by then is given up. A duration. Default 0s.
    pub at: Span,
    /// Make these servers the voters: a list of names, `["n1", "n2", "n4"]`. Names of servers that the
    /// cluster does not have are left out; a step that has no others is passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<ServerName>>,
    /// Make this server the leader, `"n2"` (thesis, 3.10); a leader that does not succeed within an
    /// election timeout gives up, and the step is over. One that the cluster does not have is passed
    /// over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<ServerName>,
}

impl Step {
    /// What the step asks for; `None` where it does not say, which a review refuses.
    pub(crate) fn order(&self, exists: impl Fn(NodeId) -> bool) -> Option<Order> {
        if let Some(to) = self.transfer.map(ServerName::node) {
            return exists(to).then_some(Order::Transfer(to));
        }
        let named = self.members.as_ref()?;
        let nodes: Vec<NodeId> =
            named.iter().map(|name| name.node()).filter(|n| exists(*n)).collect();
        (!nodes.is_empty()).then_some(Order::Members(nodes))
    }

    /// Whether it asks for exactly one thing, of somebody.
    pub(crate) fn is_clear(&self) -> bool {
        let names_members = self.members.as_ref().is_some_and(|members| !members.is_empty());
        names_members != self.transfer.is_some() && (names_members || self.members.is_none())
    }
}

/// Every set of voters that may decide while a plan is carried out: those it names, and those on the
/// way from each to the next, one server at a time.
pub(crate) fn sets_on_the_way(config: &Config, servers: &Members) -> Vec<Members> {
    let count = config.initial_members.unwrap_or(u32::MAX) as usize;
    let exists = |node: NodeId| servers.contains(node);
    let mut sets = vec![Members::of(servers.iter().take(count))];
    for step in &config.plan {
        let Some(Order::Members(target)) = step.order(exists) else { continue };
        let target = Members::of(target);
        if config.membership == MembershipChange::SingleServer {
            let mut set = sets.last().cloned().unwrap_or_default();
            for node in target.iter() {
                set = set.with(node);
                sets.push(set.clone());
            }
        }
        sets.push(target);
    }
    sets.sort();
    sets.dedup();
    sets
}

/// Names a set of voters that may have to decide and can not, for want of a majority that is up,
/// undamaged and connected. Nobody outside knows which set it is at this moment; a plan of changes has
/// to be able to go through all of them.
pub(crate) fn missing_majority<M: Machine>(reach: &Reach<'_, Raft<M>>) -> Option<String> {
    let roles = (0u32..).zip(reach.roles).filter(|(_, role)| **role == Role::Server);
    let servers = Members::of(roles.map(|(id, _)| NodeId(id)));
    let is_fit = |id: NodeId| (reach.up)(id) && (reach.standing)(id).rank != DAMAGED;
    let passes = reach.passes;
    let linked = |a: NodeId, b: NodeId| a == b || (passes(a, b) && passes(b, a));
    let decides = |set: &Members| {
        servers
            .iter()
            .filter(|a| is_fit(*a))
            .any(|a| set.has_majority(|b| is_fit(b) && linked(a, b)))
    };
    let stuck = sets_on_the_way(reach.config, &servers).into_iter().find(|set| !decides(set))?;
    Some(format!(
        "a majority of the voters {stuck:?} may be needed, and is not up, undamaged and connected"
    ))
}

/// What a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// That these servers become the voters.
    Members(Vec<NodeId>),
    /// That this server becomes the leader.
    Transfer(NodeId),
}

/// The name of a server: `n1`, `n2`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerName(u32);

impl ServerName {
    /// The name of a node.
    pub fn of(node: NodeId) -> ServerName {
        ServerName(node.0)
    }

    /// The node of that name, which need not exist. Servers are the first role: `n1` is node 0.
    pub fn node(self) -> NodeId {
        NodeId(self.0)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u64::from(self.0) + 1)
    }
}

impl Serialize for ServerName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ServerName, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix('n').filter(|digits| !digits.starts_with(['0', '+']));
        let number = digits.and_then(|digits| digits.parse::<u32>().ok());
        number.map(|number| ServerName(number - 1)).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "\"{text}\" is no server: servers are called \"n1\", \"n2\", and so on"
            ))
        })
    }
}

impl JsonSchema for ServerName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServerName".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "the name of a server",
            "pattern": "^n[1-9][0-9]*$",
            "examples": ["n1"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers_begin_with_n1() {
        let read = |text: &str| serde_json::from_str::<ServerName>(text);
        assert_eq!(read(r#""n1""#).unwrap().node(), NodeId(0));
        assert_eq!(serde_json::to_string(&ServerName(11)).unwrap(), r#""n12""#);
        for wrong in [r#""n0""#, r#""n""#, r#""m1""#, r#""n+1""#, r#""n99999999999""#, r#""n01""#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_asks_for_those_that_exist() {
        let step: Step =
            serde_json::from_str(r#"{ "at": "5s", "members": ["n1", "n9"] }"#).unwrap();
        assert_eq!(step.order(|node| node.0 < 3), Some(Order::Members(vec![NodeId(0)])));
        assert_eq!(step.order(|_| false), None);
        assert!(step.is_clear() && !Step::default().is_clear());
        assert!(serde_json::from_str::<Step>(r#"{ "member": [] }"#).is_err());
        let step = |text: &str| serde_json::from_str::<Step>(text).unwrap();
        let transfer = step(r#"{ "transfer": "n2" }"#);
        assert_eq!(transfer.order(|_| true), Some(Order::Transfer(NodeId(1))));
        assert_eq!(transfer.order(|_| false), None);
        assert!(transfer.is_clear());
        assert!(!step(r#"{ "transfer": "n2", "members": ["n1"] }"#).is_clear());
        assert!(!step(r#"{ "transfer": "n2", "members": [] }"#).is_clear());
    }
}
