//! What a crash leaves of the writes under way, and what happens to records that were durable.

use super::troubles::Troubles;
use super::{Disk, Drive, Write};
use crate::protocol::Survivor;
use crate::random::{Chance, Stream, scale};
use crate::time::SimTime;

/// What a crash left of the sync that it interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// Writes that had reached the disk.
    pub(crate) kept: u64,
    /// Whether a half-written record stands behind them.
    pub(crate) torn: bool,
}

impl<R, H> Disk<R, H> {
    /// A crash is about to lose what is pending: some of what the sync under way covers has reached
    /// the disk already, in order, up to the first write that has not. That one, if it is an append,
    /// may be half-written.
    pub(crate) fn keep_some(
        &mut self,
        now: SimTime,
        survives: Chance,
        torn: Chance,
        draws: &mut Stream,
    ) -> Remains {
        match &mut self.0 {
            Some(drive) => drive.keep_some(now, survives, torn, draws),
            None => Remains::default(),
        }
    }

    /// A durable record, counted from 0, becomes unreadable; whether there is such a record.
    pub(crate) fn rot(&mut self, place: usize) -> bool {
        let record = self.0.as_mut().and_then(|drive| drive.durable.get_mut(place));
        record.map(|record| *record = Survivor::Damaged).is_some()
    }

    /// Bit rot: so many durable records, drawn, become unreadable. Gives back how many.
    pub(crate) fn rot_some(&mut self, records: u64, draws: &mut Stream) -> u64 {
        let Some(drive) = &mut self.0 else { return 0 };
        let is_readable = |place: &usize| !matches!(drive.durable[*place], Survivor::Damaged);
        let mut places: Vec<usize> = (0..drive.durable.len()).filter(is_readable).collect();
        let mut rotten = 0;
        while rotten < records && !places.is_empty() {
            let drawn = scale(draws.next_u64(), places.len() as u64);
            let place = places.swap_remove(usize::try_from(drawn).expect("a place in a list"));
            drive.durable[place] = Survivor::Damaged;
            rotten += 1;
        }
        rotten
    }

    /// Loses every record. Gives back how many.
    pub(crate) fn wipe(&mut self) -> usize {
        let drive = self.drive();
        drive.troubles().wiped = true;
        std::mem::take(&mut drive.durable).len()
    }

    /// Whether a durable record is unreadable or soon will be, or the disk was emptied.
    pub(crate) fn is_damaged(&self) -> bool {
        let is_doomed = |troubles: &Troubles| troubles.wiped || troubles.misdirected.is_some();
        self.troubles().is_some_and(is_doomed)
            || self.durable().iter().any(|record| matches!(record, Survivor::Damaged))
    }
}

impl<R, H> Drive<R, H> {
    fn keep_some(
        &mut self,
        now: SimTime,
        survives: Chance,
        torn: Chance,
        draws: &mut Stream,
    ) -> Remains {
        let mut remains = Remains::default();
        let Some(upto) = self.syncing else { return remains };
        let writes = upto - self.synced;
        if self.refuses(writes) {
            return remains; // nothing of it would ever have reached the disk
        }
        while remains.kept < writes && survives.hits(draws.next_u64()) {
            self.write_next(now);
            remains.kept += 1;
        }
        let is_append = matches!(self.pending.front(), Some((_, Write::Append(_))));
        if remains.kept < writes && is_append && torn.hits(draws.next_u64()) {
            self.durable.push(Survivor::Torn);
            remains.torn = true;
        }
        remains
    }
}
