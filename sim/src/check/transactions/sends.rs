//! Cycles among transactions that send to and poll from logs.

use std::collections::BTreeMap;

use super::book::{Book, NONE};
use super::graph::{Sketch, WR, WW};
use super::tell::{Finding, Lore};
use super::words::{Micro, Transactions};
use super::{Demand, Level, cycle, orders, tell};

/// The cycles of who polled what whom sent, of the orders given for the values of each key, of
/// processes and of real time; a value polled is a [`Micro::Read`], a value sent a
/// [`Micro::Append`].
pub(in crate::check) fn log_cycles(
    history: &Transactions,
    order_of: &[(u64, Vec<u64>)],
    has_real_time: bool,
) -> Result<Vec<Finding>, String> {
    let mut book = Book::new(history, has_real_time, |_| true)?;
    let mut read_from: Vec<(u32, u32)> = Vec::new();
    for txn in book.committed().collect::<Vec<_>>() {
        for (micro, &key) in book.micros(txn).iter().zip(book.keys_of(txn)) {
            if let Micro::Read { value: Some(value), .. } = micro {
                read_from.extend(book.write_of(key, *value).map(|write| (write, txn)));
            }
        }
    }
    read_from.iter().for_each(|(write, _)| book.saw(*write));
    let mut sketch = Sketch::new(book.len());
    let is_in = |write: u32| book.fates[book.writes[write as usize].txn as usize].is_in();
    for &(write, reader) in read_from.iter().filter(|(write, _)| is_in(*write)) {
        sketch.edge(book.writes[write as usize].txn, reader, WR, write);
    }
    let mut previous = vec![NONE; book.writes.len()];
    let numbers: BTreeMap<u64, u32> = book.keys.iter().copied().zip(0..).collect();
    for (key, values) in order_of {
        let Some(&key) = numbers.get(key) else { continue };
        let writes = values.iter().filter_map(|value| book.write_of(key, *value));
        let writes: Vec<u32> = writes.filter(|write| is_in(*write)).collect();
        for pair in writes.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|write| book.writes[write as usize].txn);
            previous[pair[1] as usize] = pair[0];
            sketch.edge(from, to, WW, pair[1]);
        }
    }
    let demand = Demand { level: Level::StrictSerializable, has_real_time };
    orders(&book, &mut sketch, demand);
    let lore = Lore { book: &book, previous: &previous, is_unread: &|_| false };
    Ok(cycle::search(&sketch.build()).iter().map(|found| tell::cycle(&lore, found)).collect())
}
