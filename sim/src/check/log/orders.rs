//! What each log holds, and who sent and polled what.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Batch, LogHistory, LogOp, LogStep};
use crate::check::transactions::{Micro, Transaction, Transactions};
use crate::history::{Call, History};
use crate::service::Outcome;

/// One operation that sends or polls.
pub(super) struct Deed<'a> {
    pub(super) call: &'a Call<LogOp, LogOp>,
    /// What it sent, by key, in order.
    pub(super) sends: BTreeMap<u64, Vec<u64>>,
    /// What it polled, by key, in order.
    pub(super) polls: BTreeMap<u64, Vec<u64>>,
}

/// The records of one key.
#[derive(Default)]
pub(super) struct Order {
    /// The values seen at each offset.
    pub(super) at: BTreeMap<u64, BTreeSet<u64>>,
    /// The offsets that hold something, ascending; places are indices into it.
    offsets: Vec<u64>,
    /// One value of each place.
    pub(super) values: Vec<u64>,
    /// The places of each value.
    pub(super) places: BTreeMap<u64, Vec<usize>>,
}

impl Order {
    pub(super) fn offset(&self, place: usize) -> u64 {
        self.offsets.get(place).copied().unwrap_or_default()
    }

    /// The last place of a value.
    pub(super) fn place(&self, value: u64) -> Option<usize> {
        self.places.get(&value)?.last().copied()
    }

    /// How many places further the second value is; 1 where nobody knows.
    pub(super) fn delta(&self, first: u64, second: u64) -> i64 {
        let place = |value: u64| i64::try_from(self.place(value)?).ok();
        match (place(first), place(second)) {
            (Some(first), Some(second)) => second - first,
            _ => 1,
        }
    }
}

/// A history, by what its operations did.
pub(super) struct Deeds<'a> {
    pub(super) history: &'a LogHistory,
    pub(super) list: Vec<Deed<'a>>,
    pub(super) orders: BTreeMap<u64, Order>,
    /// Who sent each value of each key: an index into `list`.
    writers: BTreeMap<(u64, u64), usize>,
    /// Who was the first to poll each value, by key.
    pub(super) polled: BTreeMap<u64, BTreeMap<u64, usize>>,
}

/// What an operation did: with offsets and records if somebody heard of its end.
fn steps(call: &Call<LogOp, LogOp>) -> &[LogStep] {
    let told = match &call.outcome {
        Outcome::Ok(reply) => reply,
        _ => &call.operation,
    };
    match told {
        LogOp::Steps(steps) => steps,
        LogOp::Assign(_) | LogOp::Subscribe(_) => &[],
    }
}

impl<'a> Deeds<'a> {
    pub(super) fn read(history: &'a LogHistory) -> Deeds<'a> {
        let mut deeds = Deeds {
            history,
            list: Vec::new(),
            orders: BTreeMap::new(),
            writers: BTreeMap::new(),
            polled: BTreeMap::new(),
        };
        for call in &history.calls {
            let mut deed = Deed { call, sends: BTreeMap::new(), polls: BTreeMap::new() };
            let number = deeds.list.len();
            for step in steps(call) {
                match step {
                    LogStep::Send { key, value, .. } => {
                        deed.sends.entry(*key).or_default().push(*value);
                        deeds.writers.insert((*key, *value), number);
                    }
                    LogStep::Poll(batches) if matches!(call.outcome, Outcome::Ok(_)) => {
                        for Batch { key, records } in batches {
                            let values = records.iter().map(|record| record.1);
                            deed.polls.entry(*key).or_default().extend(values.clone());
                            let polled = deeds.polled.entry(*key).or_default();
                            values.for_each(|value| {
                                polled.entry(value).or_insert(number);
                            });
                        }
                    }
                    LogStep::Poll(_) => {}
                }
            }
            deeds.list.push(deed);
        }
        deeds.order();
        deeds
    }

    /// Sends count only where they certainly took effect.
    fn order(&mut self) {
        for deed in &self.list {
            let is_committed = self.is_committed(deed);
            for step in steps(deed.call) {
                let mut hold = |key: u64, offset: Option<u64>, value: u64| {
                    let order = self.orders.entry(key).or_default();
                    if let Some(offset) = offset {
                        order.at.entry(offset).or_default().insert(value);
                    }
                };
                match step {
                    LogStep::Send { key, value, offset } if is_committed => {
                        hold(*key, *offset, *value);
                    }
                    LogStep::Poll(batches) if matches!(deed.call.outcome, Outcome::Ok(_)) => {
                        for Batch { key, records } in batches {
                            records.iter().for_each(|&(offset, value)| hold(*key, offset, value));
                        }
                    }
                    _ => {}
                }
            }
        }
        for order in self.orders.values_mut() {
            for (place, (offset, values)) in order.at.iter().enumerate() {
                order.offsets.push(*offset);
                order.values.extend(values.first());
                for value in values {
                    order.places.entry(*value).or_default().push(place);
                }
            }
        }
    }

    /// Whether it succeeded, or nobody heard of its end and somebody polled what it sent.
    pub(super) fn is_committed(&self, deed: &Deed) -> bool {
        let mut sent = deed.sends.iter().flat_map(|(key, sent)| sent.iter().map(move |v| (key, v)));
        match deed.call.outcome {
            Outcome::Ok(_) => true,
            Outcome::Failed => false,
            Outcome::Unknown => sent.any(|(key, value)| self.reader(*key, *value).is_some()),
        }
    }

    pub(super) fn writer(&self, key: u64, value: u64) -> Option<&Deed<'a>> {
        self.list.get(*self.writers.get(&(key, value))?)
    }

    pub(super) fn reader(&self, key: u64, value: u64) -> Option<&Deed<'a>> {
        self.list.get(*self.polled.get(&key)?.get(&value)?)
    }

    /// Somebody who saw or sent a value.
    pub(super) fn witness(&self, key: u64, value: u64) -> &Deed<'a> {
        let witness = self.reader(key, value).or_else(|| self.writer(key, value));
        witness.unwrap_or(&self.list[0])
    }

    /// The operations as transactions that append and read single values, and, if asked for, in
    /// which order the values of each key were appended.
    pub(super) fn transactions(&self, with_orders: bool) -> (Transactions, Vec<(u64, Vec<u64>)>) {
        let transaction = |call: &Call<LogOp, LogOp>| -> Transaction {
            let mut micros = Vec::new();
            for step in steps(call) {
                match step {
                    LogStep::Send { key, value, .. } => {
                        micros.push(Micro::Append { key: *key, value: *value });
                    }
                    LogStep::Poll(batches) => {
                        for Batch { key, records } in batches {
                            let read = |record: &(Option<u64>, u64)| Micro::Read {
                                key: *key,
                                value: Some(record.1),
                            };
                            micros.extend(records.iter().map(read));
                        }
                    }
                }
            }
            micros
        };
        let call_of = |call: &Call<LogOp, LogOp>| Call {
            id: call.id,
            client: call.client,
            operation: transaction(call),
            called: call.called,
            ended: call.ended,
            outcome: match call.outcome {
                Outcome::Ok(_) => Outcome::Ok(transaction(call)),
                Outcome::Failed => Outcome::Failed,
                Outcome::Unknown => Outcome::Unknown,
            },
        };
        let calls = self.history.calls.iter().map(call_of).collect();
        let orders = self.orders.iter().filter(|_| with_orders);
        let orders = orders.map(|(key, order)| (*key, order.values.clone())).collect();
        (History { calls }, orders)
    }
}
