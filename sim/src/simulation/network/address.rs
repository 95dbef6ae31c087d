//! What a copy of a message is called.

use std::fmt;

use crate::protocol::NodeId;

/// The address of a copy of a message: the n-th of its kind on its link, counted from 1. Scripts,
/// traces and draws use it. Two words, laid out as draws are keyed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// `from` (32 bits), `to` (32).
    pub(crate) link: u64,
    /// `nth` (32 bits), `kind` (16), zeros (8), `hop` (7), `copy` (1). The hop is zero but in draws.
    pub(crate) which: u64,
}

#[allow(clippy::cast_possible_truncation, reason = "the parts of two words")]
impl Address {
    #[inline(always)]
    pub(super) fn new(from: NodeId, to: NodeId, kind: u16, nth: u32) -> Address {
        let link = u64::from(from.0) << 32 | u64::from(to.0);
        Address { link, which: u64::from(nth) << 32 | u64::from(kind) << 16 }
    }
    #[inline(always)]
    pub(crate) fn from(self) -> NodeId {
        NodeId((self.link >> 32) as u32)
    }
    #[inline(always)]
    pub(crate) fn to(self) -> NodeId {
        NodeId(self.link as u32)
    }
    pub(crate) fn kind(self) -> usize {
        usize::from(self.kind_number())
    }
    pub(super) fn kind_number(self) -> u16 {
        (self.which >> 16) as u16
    }
    pub(crate) fn nth(self) -> u32 {
        (self.which >> 32) as u32
    }
    /// Whether it is a copy that the network made.
    pub(crate) fn is_copy(self) -> bool {
        self.which & 1 != 0
    }
    /// The address of the next message of its kind on its link.
    #[inline(always)]
    pub(super) fn following(self) -> Address {
        Address { which: self.which.wrapping_add(1 << 32), ..self }
    }
    /// What is drawn for this copy on a link of its route is keyed by this: on the first link as
    /// without a topology. Beyond 127 links the last number stays.
    pub(super) fn on_hop(self, hop: u32) -> Address {
        Address { which: self.which | u64::from(hop.min(127)) << 1, ..self }
    }
    /// The address of the network's own copy.
    pub(crate) fn copied(self) -> Address {
        Address { which: self.which | 1, ..self }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copy = if self.is_copy() { " (copy)" } else { "" };
        let (from, to) = (self.from().0, self.to().0);
        write!(f, "{from}->{to} {}#{}{copy}", self.kind(), self.nth())
    }
}
