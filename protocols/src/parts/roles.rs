//! What nodes are started as where there are servers and their clients, and no more; and where keys
//! live that are spread over the nodes of a role.

use rehearsal_sim::effects::Effects;
use rehearsal_sim::protocol::{self, NodeId, Protocol, RoleInfo};

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Keeps something.
    Server,
    /// Asks, on behalf of the applications that call it.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 3)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

/// The node of a role that a key belongs to: keys are dealt to them in turn.
///
/// # Panics
/// There is no node of this role.
pub fn home<P: Protocol>(role: P::Role, key: u64, fx: &Effects<'_, P>) -> NodeId {
    let count = fx.all(role).count() as u64;
    let place = key.checked_rem(count).and_then(|place| usize::try_from(place).ok());
    let home = place.and_then(|place| fx.all(role).nth(place));
    home.unwrap_or_else(|| panic!("there is no {role:?} to ask"))
}
