//! A set.

use std::fmt;

use crate::check::Act;
use crate::service::Sequential;

/// A set of numbers.
pub struct Set;

/// What may be asked of a [`Set`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetOp {
    /// Adds an element; answered by [`SetReply::Was`] `true` if it was not there before.
    Add(u64),
    /// Removes an element; answered by [`SetReply::Was`] `true` if it was there.
    Remove(u64),
    /// Answered by [`SetReply::Was`] `true` if the element is there.
    Contains(u64),
    /// Makes sure that an element is there; answered by [`SetReply::Done`].
    Put(u64),
    /// Answered by [`SetReply::Elements`].
    Read,
}

/// What a [`Set`] answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetReply {
    /// The element is in.
    Done,
    /// Whether it was so, or has changed.
    Was(bool),
    /// All of them, ascending.
    Elements(Vec<u64>),
}

impl Sequential for Set {
    type Operation = SetOp;
    type Reply = SetReply;
    /// Ascending.
    type State = Vec<u64>;

    fn initial() -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &SetOp) -> (Vec<u64>, SetReply) {
        let mut next = state.clone();
        match *operation {
            SetOp::Add(element) | SetOp::Put(element) => {
                let place = state.binary_search(&element);
                if let Err(at) = place {
                    next.insert(at, element);
                }
                let was = SetReply::Was(place.is_err());
                (next, if matches!(operation, SetOp::Put(_)) { SetReply::Done } else { was })
            }
            SetOp::Remove(element) => {
                let place = state.binary_search(&element);
                if let Ok(at) = place {
                    next.remove(at);
                }
                (next, SetReply::Was(place.is_ok()))
            }
            SetOp::Contains(element) => {
                let has = state.binary_search(&element).is_ok();
                (next, SetReply::Was(has))
            }
            SetOp::Read => (next, SetReply::Elements(state.clone())),
        }
    }

    fn is_read(operation: &SetOp) -> bool {
        matches!(operation, SetOp::Contains(_) | SetOp::Read)
    }

    fn is_always_legal(operation: &SetOp) -> bool {
        matches!(operation, SetOp::Put(_))
    }

    fn act(operation: &SetOp, reply: Option<&SetReply>) -> Option<Act> {
        let was = match reply {
            Some(SetReply::Was(was)) => Some(*was),
            _ => None,
        };
        let is_answer = matches!(reply, Some(SetReply::Was(_)) | None);
        Some(match *operation {
            SetOp::Add(element) if is_answer => Act::Add { element, was_missing: was },
            SetOp::Remove(element) if is_answer => Act::Remove { element, was_there: was },
            SetOp::Contains(element) if is_answer => Act::Contains { element, is_there: was },
            SetOp::Put(element) if matches!(reply, Some(SetReply::Done) | None) => {
                Act::Ensure { element }
            }
            SetOp::Read => match reply {
                Some(SetReply::Elements(all)) => Act::Elements { elements: Some(all.clone()) },
                None => Act::Elements { elements: None },
                Some(_) => return None,
            },
            _ => return None,
        })
    }
}

impl fmt::Debug for SetOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SetOp::Add(element) => write!(f, "add({element})"),
            SetOp::Remove(element) => write!(f, "remove({element})"),
            SetOp::Contains(element) => write!(f, "contains({element})"),
            SetOp::Put(element) => write!(f, "put({element})"),
            SetOp::Read => f.write_str("read"),
        }
    }
}

impl fmt::Debug for SetReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetReply::Done => f.write_str("ok"),
            SetReply::Was(was) => write!(f, "{was}"),
            SetReply::Elements(elements) => {
                let words: Vec<String> = elements.iter().map(u64::to_string).collect();
                write!(f, "{{{}}}", words.join(" "))
            }
        }
    }
}
