//! What an operation says, in words that every monitor knows.
//!
//! A monitor judges queues or locks of any model: it asks the model for the [`Act`] that each
//! operation and its reply stand for ([`Sequential::act`]) and looks at nothing else.
//!
//! [`Sequential::act`]: crate::service::Sequential::act

use std::collections::BTreeSet;

/// Which value a container gives back first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// What was put first (a queue).
    First,
    /// What was put last (a stack).
    Last,
    /// The greatest (a priority queue).
    Greatest,
}

/// What one operation, with the reply it got, does to a well-known object that begins empty, at
/// zero, or free.
///
/// Where a field is an `Option` named after the reply, `None` says that nobody knows the reply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Puts a value into a container.
    Put {
        /// What kind of container.
        order: Order,
        /// The value.
        value: u64,
    },
    /// Takes a value out of a container; it takes nothing only if there is nothing.
    Take {
        /// What kind of container.
        order: Order,
        /// What it took; `Some(None)` for nothing.
        taken: Option<Option<u64>>,
    },
    /// Adds an element to a set, and says whether it was missing before.
    Add {
        /// The element.
        element: u64,
        /// Whether it was missing.
        was_missing: Option<bool>,
    },
    /// Makes sure that an element is in a set, and says nothing.
    Ensure {
        /// The element.
        element: u64,
    },
    /// Removes an element from a set, and says whether it was there.
    Remove {
        /// The element.
        element: u64,
        /// Whether it was there.
        was_there: Option<bool>,
    },
    /// Asks whether an element is in a set.
    Contains {
        /// The element.
        element: u64,
        /// Whether it is there.
        is_there: Option<bool>,
    },
    /// Asks for all the elements of a set.
    Elements {
        /// All of them, ascending.
        elements: Option<Vec<u64>>,
    },
    /// Adds to a counter, and says nothing.
    Count {
        /// How much, maybe a negative number.
        amount: i64,
    },
    /// Adds to a counter, and says what is there then.
    CountAndGet {
        /// How much, maybe a negative number.
        amount: i64,
        /// What is there then.
        total: Option<i64>,
    },
    /// Asks a counter.
    Total {
        /// What is there.
        total: Option<i64>,
    },
    /// Takes a lock if it is free.
    Acquire {
        /// For whom.
        holder: u64,
        /// Whether it was free.
        is_granted: Option<bool>,
    },
    /// Gives a lock back if it is this holder's.
    Release {
        /// Whose.
        holder: u64,
        /// Whether it was this holder's.
        is_granted: Option<bool>,
    },
}

/// The kind of object that an act belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Container(Order),
    Set,
    Counter,
    Lock,
}

impl Act {
    /// The kind of object it belongs to.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Act::Put { order, .. } | Act::Take { order, .. } => Kind::Container(*order),
            Act::Add { .. }
            | Act::Ensure { .. }
            | Act::Remove { .. }
            | Act::Contains { .. }
            | Act::Elements { .. } => Kind::Set,
            Act::Count { .. } | Act::CountAndGet { .. } | Act::Total { .. } => Kind::Counter,
            Act::Acquire { .. } | Act::Release { .. } => Kind::Lock,
        }
    }

    /// The same act where nobody knows the reply.
    pub(super) fn without_reply(&self) -> Act {
        let mut act = self.clone();
        match &mut act {
            Act::Put { .. } | Act::Ensure { .. } | Act::Count { .. } => {}
            Act::Take { taken, .. } => *taken = None,
            Act::Add { was_missing: answer, .. }
            | Act::Remove { was_there: answer, .. }
            | Act::Contains { is_there: answer, .. }
            | Act::Acquire { is_granted: answer, .. }
            | Act::Release { is_granted: answer, .. } => *answer = None,
            Act::Elements { elements } => *elements = None,
            Act::CountAndGet { total, .. } | Act::Total { total } => *total = None,
        }
        act
    }
}

/// One object of each kind: the meaning of the acts, for comparing a model with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mirror {
    values: Vec<u64>,
    elements: BTreeSet<u64>,
    total: i64,
    holder: Option<u64>,
}

/// Whether a reply may be `found`.
fn fits<T: PartialEq>(reply: Option<&T>, found: &T) -> bool {
    reply.is_none_or(|reply| reply == found)
}

impl Mirror {
    /// Does what the act says; whether its reply is right.
    pub(super) fn accept(&mut self, act: &Act) -> bool {
        match act {
            Act::Put { value, .. } => {
                self.values.push(*value);
                true
            }
            Act::Take { order, taken } => fits(taken.as_ref(), &self.take(*order)),
            Act::Add { element, was_missing } => {
                fits(was_missing.as_ref(), &self.elements.insert(*element))
            }
            Act::Ensure { element } => {
                self.elements.insert(*element);
                true
            }
            Act::Remove { element, was_there } => {
                fits(was_there.as_ref(), &self.elements.remove(element))
            }
            Act::Contains { element, is_there } => {
                fits(is_there.as_ref(), &self.elements.contains(element))
            }
            Act::Elements { elements } => {
                elements.as_ref().is_none_or(|elements| elements.iter().eq(self.elements.iter()))
            }
            Act::Count { amount } => {
                self.total = self.total.saturating_add(*amount);
                true
            }
            Act::CountAndGet { amount, total } => {
                self.total = self.total.saturating_add(*amount);
                fits(total.as_ref(), &self.total)
            }
            Act::Total { total } => fits(total.as_ref(), &self.total),
            Act::Acquire { holder, is_granted } => {
                let is_free = self.holder.is_none();
                self.holder = self.holder.or(Some(*holder));
                fits(is_granted.as_ref(), &is_free)
            }
            Act::Release { holder, is_granted } => {
                let is_held = self.holder == Some(*holder);
                self.holder = self.holder.filter(|_| !is_held);
                fits(is_granted.as_ref(), &is_held)
            }
        }
    }

    fn take(&mut self, order: Order) -> Option<u64> {
        let last = self.values.len().checked_sub(1)?;
        let place = match order {
            Order::First => 0,
            Order::Last => last,
            Order::Greatest => {
                let greatest = self.values.iter().max()?;
                self.values.iter().position(|value| value == greatest)?
            }
        };
        Some(self.values.remove(place))
    }
}
