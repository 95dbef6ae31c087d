//! The transactions of a history with their keys and writes numbered.

use super::table::{Table, mix};
use super::words::{Micro, Transactions};
use crate::history::Call;
use crate::service::Outcome;

/// Stands for no number.
pub(super) const NONE: u32 = u32::MAX;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    Aborted,
    /// Nobody heard of its end.
    Unknown,
    /// Nobody heard of its end, but somebody read what it wrote.
    Seen,
}

impl Fate {
    /// Whether it certainly took effect.
    pub(super) fn is_in(self) -> bool {
        matches!(self, Fate::Committed | Fate::Seen)
    }
}

/// One write or append.
#[derive(Clone, Copy)]
pub(super) struct Write {
    /// The transaction that made it.
    pub(super) txn: u32,
    /// Its place among the micro operations.
    pub(super) at: u32,
    /// The number of the key.
    pub(super) key: u32,
    pub(super) value: u64,
    /// No later one of the same transaction works on the key.
    pub(super) is_final: bool,
}

type TxnCall = Call<super::Transaction, super::Transaction>;

/// A history, numbered.
pub(super) struct Book<'a> {
    calls: Vec<&'a TxnCall>,
    /// Whether times are worth telling.
    pub(super) has_real_time: bool,
    pub(super) fates: Vec<Fate>,
    /// The keys as they were called, by number.
    pub(super) keys: Vec<u64>,
    pub(super) writes: Vec<Write>,
    /// The numbers of the keys of all micro operations, transaction by transaction.
    micro_keys: Vec<u32>,
    /// Where the micro operations of each transaction begin, in `micro_keys`.
    starts: Vec<u32>,
    /// Where the writes of each transaction begin, in `writes`.
    write_starts: Vec<u32>,
    index: Table,
}

impl<'a> Book<'a> {
    /// Numbers a history; the error says why no checker can judge it.
    pub(super) fn new(
        history: &'a Transactions,
        has_real_time: bool,
        belongs: impl Fn(&Micro) -> bool,
    ) -> Result<Book<'a>, String> {
        let calls: Vec<&TxnCall> = history.calls.iter().collect();
        let micros: usize = calls.iter().map(|call| micros_of(call).len()).sum();
        if micros >= NONE as usize / 8 {
            return Err(format!("{micros} micro operations are more than a checker can number"));
        }
        let mut book = Book {
            fates: calls.iter().map(|call| fate(&call.outcome)).collect(),
            calls,
            has_real_time,
            keys: Vec::new(),
            writes: Vec::new(),
            micro_keys: Vec::with_capacity(micros),
            starts: Vec::new(),
            write_starts: Vec::new(),
            index: Table::default(),
        };
        let mut numbers = Table::default();
        let mut last_write: Vec<u32> = Vec::new();
        for txn in 0..book.calls.len() {
            book.starts.push(number(book.micro_keys.len()));
            book.write_starts.push(number(book.writes.len()));
            for (at, micro) in micros_of(book.calls[txn]).iter().enumerate() {
                if !belongs(micro) {
                    return Err(format!("{micro:?} is not an operation of this model"));
                }
                let key = book.key_number(micro.key(), &mut numbers);
                last_write.resize(book.keys.len(), NONE);
                book.micro_keys.push(key);
                let Some(value) = micro.written() else { continue };
                let write = Write { txn: number(txn), at: number(at), key, value, is_final: true };
                let last =
                    std::mem::replace(&mut last_write[key as usize], number(book.writes.len()));
                if let Some(earlier) = book.writes.get_mut(last as usize) {
                    earlier.is_final = earlier.txn != write.txn;
                }
                book.enter(write)?;
            }
        }
        book.starts.push(number(book.micro_keys.len()));
        book.write_starts.push(number(book.writes.len()));
        Ok(book)
    }

    fn key_number(&mut self, key: u64, numbers: &mut Table) -> u32 {
        let keys = &self.keys;
        let new = number(keys.len());
        let known = numbers.enter(
            mix(key, 0),
            new,
            |other| keys[other as usize] == key,
            |other| mix(keys[other as usize], 0),
        );
        known.unwrap_or_else(|| {
            self.keys.push(key);
            new
        })
    }

    fn enter(&mut self, write: Write) -> Result<(), String> {
        let writes = &self.writes;
        let known = self.index.enter(
            mix(write.value, write.key.into()),
            number(writes.len()),
            |other| {
                let other = &writes[other as usize];
                (other.key, other.value) == (write.key, write.value)
            },
            |other| mix(writes[other as usize].value, writes[other as usize].key.into()),
        );
        self.writes.push(write);
        match known {
            None => Ok(()),
            Some(_) => Err(format!(
                "{} is written to k{} twice: nobody can tell which of the two a read saw; let every \
                 write of a key have a value of its own",
                write.value, self.keys[write.key as usize],
            )),
        }
    }

    /// How many transactions there are.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn call(&self, txn: u32) -> &'a TxnCall {
        self.calls[txn as usize]
    }

    /// What a transaction did: with what it read if it committed.
    pub(super) fn micros(&self, txn: u32) -> &'a [Micro] {
        micros_of(self.calls[txn as usize])
    }

    /// The numbers of the keys of its micro operations.
    pub(super) fn keys_of(&self, txn: u32) -> &[u32] {
        let range = self.starts[txn as usize] as usize..self.starts[txn as usize + 1] as usize;
        &self.micro_keys[range]
    }

    /// The numbers of its writes.
    pub(super) fn writes_of(&self, txn: u32) -> std::ops::Range<u32> {
        self.write_starts[txn as usize]..self.write_starts[txn as usize + 1]
    }

    /// The number of the write of a value to a key.
    pub(super) fn write_of(&self, key: u32, value: u64) -> Option<u32> {
        self.index.find(mix(value, key.into()), |other| {
            let other = &self.writes[other as usize];
            (other.key, other.value) == (key, value)
        })
    }

    /// The committed transactions, in the order of the calls.
    pub(super) fn committed(&self) -> impl Iterator<Item = u32> + '_ {
        (0..number(self.len())).filter(|&txn| self.fates[txn as usize] == Fate::Committed)
    }

    /// The transactions that certainly took effect, in the order of the calls.
    pub(super) fn taken_part(&self) -> impl Iterator<Item = u32> + '_ {
        (0..number(self.len())).filter(|&txn| self.fates[txn as usize].is_in())
    }

    /// Notes that somebody saw a write.
    pub(super) fn saw(&mut self, write: u32) {
        let fate = &mut self.fates[self.writes[write as usize].txn as usize];
        if *fate == Fate::Unknown {
            *fate = Fate::Seen;
        }
    }
}

fn micros_of(call: &TxnCall) -> &[Micro] {
    match &call.outcome {
        Outcome::Ok(reply) => reply,
        _ => &call.operation,
    }
}

fn fate(outcome: &Outcome<super::Transaction>) -> Fate {
    match outcome {
        Outcome::Ok(_) => Fate::Committed,
        Outcome::Failed => Fate::Aborted,
        Outcome::Unknown => Fate::Unknown,
    }
}

/// Counts in a history fit 32 bits: [`Book::new`] refuses longer ones.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}
