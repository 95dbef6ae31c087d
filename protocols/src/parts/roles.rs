//! What nodes are started as where there are servers and their clients, and no more.

use rehearsal_sim::protocol::{self, RoleInfo};

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
