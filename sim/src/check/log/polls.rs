//! The order in which records are sent and polled: within one transaction, and by one client from
//! one operation to the next.

use std::collections::BTreeMap;

use super::orders::{Deed, Deeds};
use super::words::LogOp;
use super::{Report, explain};
use crate::service::Outcome;

/// Pairs of sends or polls of one key that follow each other in one transaction.
pub(super) fn within(deeds: &Deeds, report: &mut Report) {
    for deed in &deeds.list {
        let kinds = [
            ("polled", "int-poll-skip", "int-nonmonotonic-poll", &deed.polls),
            ("sent", "int-send-skip", "int-nonmonotonic-send", &deed.sends),
        ];
        for (verb, skip, backwards, by_key) in kinds {
            for (&key, values) in by_key {
                let Some(order) = deeds.orders.get(&key) else { continue };
                for pair in values.windows(2) {
                    let (first, second) = (pair[0], pair[1]);
                    let delta = order.delta(first, second);
                    if delta > 1 {
                        report.note(skip, || {
                            let place = order.place(first).map_or(0, |place| place + 1);
                            let skipped = order.values.get(place).copied().unwrap_or_default();
                            let sentence = format!(
                                "one transaction {verb} {first} and then {second} of k{key}, with \
                                 {skipped} between them in the log"
                            );
                            explain(&[deed], sentence, "records next to each other in the log")
                        });
                    } else if delta < 1 {
                        report.note(backwards, || {
                            let sentence = format!(
                                "one transaction {verb} {first} and then {second} of k{key}, which \
                                 is not behind it in the log"
                            );
                            explain(&[deed], sentence, "records in the order of the log")
                        });
                    }
                }
            }
        }
    }
}

/// The last operation of a client that sent to, or polled, each key.
type Last<'a, 'b> = BTreeMap<u64, (&'b Deed<'a>, u64)>;

/// What one client sent or polled last, and what next. A new assignment keeps only what is in the
/// old one as well.
pub(super) fn between(deeds: &Deeds, report: &mut Report) {
    let mut clients: BTreeMap<u32, (Last, Last)> = BTreeMap::new();
    for deed in &deeds.list {
        let (polled, sent) = clients.entry(deed.call.client).or_default();
        let is_ok = matches!(deed.call.outcome, Outcome::Ok(_));
        if let LogOp::Assign(keys) | LogOp::Subscribe(keys) = &deed.call.operation {
            if deed.call.outcome != Outcome::Failed {
                polled.retain(|key, _| keys.contains(key));
                sent.retain(|key, _| keys.contains(key));
            }
            continue;
        }
        if deed.call.outcome == Outcome::Failed {
            continue;
        }
        for (&key, values) in &deed.sends {
            let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
            if let Some(&(before, value)) = sent.get(&key)
                && deeds.orders.get(&key).is_some_and(|order| order.delta(value, *first) < 1)
            {
                report.note("nonmonotonic-send", || {
                    let sentence = format!(
                        "client{} sent {value} to k{key} and then {first}, which is not behind it in \
                         the log",
                        deed.call.client
                    );
                    explain(&[before, deed], sentence, "records in the order in which one client sent them")
                });
            }
            sent.insert(key, (deed, *last));
        }
        for (&key, values) in deed.polls.iter().filter(|_| is_ok) {
            let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
            if let Some(&(before, value)) = polled.get(&key) {
                polled_next(deeds, report, (key, value, *first), (before, deed));
            }
            polled.insert(key, (deed, *last));
        }
    }
}

/// Compares the first record of a poll with the last one of the poll before.
fn polled_next(
    deeds: &Deeds,
    report: &mut Report,
    (key, value, first): (u64, u64, u64),
    (before, deed): (&Deed, &Deed),
) {
    let Some(order) = deeds.orders.get(&key) else { return };
    let client = deed.call.client;
    let delta = order.delta(value, first);
    if delta > 1 {
        report.note("poll-skip", || {
            let place = order.place(value).map_or(0, |place| place + 1);
            let skipped = order.values.get(place).copied().unwrap_or_default();
            let sentence = format!(
                "client{client} polled k{key} up to {value} and went on with {first}, past {skipped}"
            );
            explain(&[before, deed], sentence, "the record that comes next in the log")
        });
    } else if delta < 1 {
        report.note("nonmonotonic-poll", || {
            let sentence = format!(
                "client{client} polled k{key} up to {value} and went on with {first}, which is not \
                 behind it in the log"
            );
            explain(&[before, deed], sentence, "the record that comes next in the log")
        });
    }
}
