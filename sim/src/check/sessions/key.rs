//! One register: which of its writes is newer than which.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;

use super::cycle::cycles;
use super::{Guarantee, SessionViolation, Touch, Touched};
use crate::check::Verdict;
use crate::check::words::{blame, text};
use crate::service::Outcome;

/// For each session how many of its touches lie in the past.
type Past = BTreeMap<u32, u32>;

/// One value that was written.
struct Version {
    /// The touch that wrote it.
    write: usize,
    /// Where it stands: it is in whatever past has so many touches of the session.
    session: u32,
    place: u32,
    /// What its client had written and read before, and so on back.
    past: Past,
}

/// A read that found something older than what its client had seen.
struct Lapse {
    read: usize,
    /// The touch of its client by which it had seen something newer.
    earlier: usize,
    /// The write that it found.
    write: usize,
}

/// A client on the way.
#[derive(Default)]
struct Session {
    /// How many touches it has made.
    count: u32,
    /// All that is older than its next write.
    past: Past,
    /// All that is older than something it has seen.
    older: Past,
    /// What it touched, as touches, in order; without reads that went back.
    seen: Vec<usize>,
    last_write: Option<usize>,
}

/// One register.
pub(super) struct Key<'h, O, R> {
    key: u64,
    touches: &'h [Touched<'h, O, R>],
    /// The touch that wrote each value.
    writers: BTreeMap<u64, usize>,
    versions: BTreeMap<usize, Version>,
    sessions: BTreeMap<u32, Session>,
    lapses: Vec<Lapse>,
    /// Writes whose end nobody knows, and what their client had touched last before.
    loose: Vec<(usize, usize)>,
    violations: Vec<SessionViolation>,
}

impl<'h, O: Debug, R: Debug> Key<'h, O, R> {
    /// Finds who wrote what. Fails if somebody read what nobody wrote, and does not know if a value
    /// was written twice.
    pub(super) fn new(
        key: u64,
        touches: &'h [Touched<'h, O, R>],
    ) -> Result<Key<'h, O, R>, Verdict> {
        let mut writers = BTreeMap::new();
        for (number, (touch, _)) in touches.iter().enumerate() {
            if let Touch::Write(value) = touch
                && writers.insert(*value, number).is_some()
            {
                return Err(Verdict::Inconclusive(format!(
                    "{value} was written to k{key} twice, so that a read of it does not tell which \
                     write it found"
                )));
            }
        }
        for (touch, call) in touches {
            let Touch::Read(Some(value)) = touch else { continue };
            let writer = writers.get(value).map(|writer| touches[*writer].1);
            let why = match writer {
                None => "nobody ever wrote that".to_owned(),
                Some(writer) if call.ended.is_some_and(|ended| ended < writer.called) => {
                    format!("client{} wrote that only later", writer.client)
                }
                Some(_) => continue,
            };
            let shown: Vec<_> = [*call].into_iter().chain(writer).collect();
            return Err(Verdict::Fail(blame(
                format!("client{}'s {} on k{key}: {why}", call.client, text(call)),
                "a value that somebody had written".to_owned(),
                &shown,
            )));
        }
        Ok(Key {
            key,
            touches,
            writers,
            versions: BTreeMap::new(),
            sessions: BTreeMap::new(),
            lapses: Vec::new(),
            loose: Vec::new(),
            violations: Vec::new(),
        })
    }

    /// All contradictions.
    pub(super) fn judge(mut self) -> Vec<SessionViolation> {
        for touch in self.steps() {
            let session = self.touches[touch].1.client;
            match self.touches[touch].0 {
                Touch::Write(_) => self.write(touch, session),
                Touch::Read(None) => self.read_nothing(touch, session),
                Touch::Read(Some(value)) => self.read(touch, session, self.writers[&value]),
                Touch::Nothing => {}
            }
        }
        for lapse in std::mem::take(&mut self.lapses) {
            self.went_back(&lapse);
        }
        self.opposites();
        self.violations
    }

    /// The touches, each client's in its own order, and each write before the reads that found it.
    /// A read that followed its own writer in a circle of clients is left out, and noted.
    fn steps(&mut self) -> Vec<usize> {
        let mut queues: BTreeMap<u32, VecDeque<usize>> = BTreeMap::new();
        for (number, (_, call)) in self.touches.iter().enumerate() {
            queues.entry(call.client).or_default().push_back(number);
        }
        let mut steps = Vec::with_capacity(self.touches.len());
        let mut is_done = vec![false; self.touches.len()];
        // Who waits for which write to be gone through.
        let mut waiting: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        let mut ready: Vec<u32> = queues.keys().rev().copied().collect();
        loop {
            while let Some(client) = ready.pop() {
                let Some(queue) = queues.get_mut(&client) else { continue };
                while let Some(&touch) = queue.front() {
                    let writer = self.writer_of(touch);
                    if let Some(writer) = writer.filter(|writer| !is_done[*writer]) {
                        waiting.entry(writer).or_default().push(client);
                        break;
                    }
                    queue.pop_front();
                    is_done[touch] = true;
                    steps.push(touch);
                    ready.extend(waiting.remove(&touch).into_iter().flatten());
                }
            }
            let Some((read, write)) = self.circle(&queues) else { return steps };
            let client = self.touches[read].1.client;
            let sentence = format!(
                "client{client} read what was written only after clients had read what it wrote \
                 later, or it was its own later write"
            );
            self.note(Guarantee::WritesFollowReads, read, write, sentence);
            queues.entry(client).or_default().pop_front();
            waiting.entry(write).or_default().retain(|other| *other != client);
            ready.push(client);
        }
    }

    /// Where clients wait for each other's writes: one of the reads, and the write it waits for.
    fn circle(&self, queues: &BTreeMap<u32, VecDeque<usize>>) -> Option<(usize, usize)> {
        let head = |client: u32| queues.get(&client)?.front().copied();
        let mut client = *queues.iter().find(|(_, queue)| !queue.is_empty())?.0;
        // Whoever is met after as many steps as there are clients is met again and again.
        for _ in queues {
            client = self.touches[self.writer_of(head(client)?)?].1.client;
        }
        let read = head(client)?;
        Some((read, self.writer_of(read)?))
    }

    /// The write that a read found.
    fn writer_of(&self, touch: usize) -> Option<usize> {
        match self.touches[touch].0 {
            Touch::Read(Some(value)) => self.writers.get(&value).copied(),
            _ => None,
        }
    }

    fn write(&mut self, touch: usize, session: u32) {
        let number = u32::try_from(touch).unwrap_or(u32::MAX);
        let client = self.sessions.entry(session).or_default();
        let past = client.past.clone();
        if matches!(self.touches[touch].1.outcome, Outcome::Ok(_)) {
            client.count += 1;
            join(&mut client.older, &past);
            client.past.insert(session, client.count);
            client.seen.push(touch);
            client.last_write = Some(touch);
            let place = client.count;
            self.versions.insert(touch, Version { write: touch, session, place, past });
        } else {
            // Nobody knows when it took effect: nothing later of this client follows from it.
            self.loose.extend(client.seen.last().map(|last| (*last, touch)));
            let session = u32::MAX - number;
            self.versions.insert(touch, Version { write: touch, session, place: 1, past });
        }
    }

    fn read_nothing(&mut self, touch: usize, session: u32) {
        let client = self.sessions.entry(session).or_default();
        let (guarantee, earlier) = match (client.last_write, client.seen.last()) {
            (Some(write), _) => (Guarantee::ReadYourWrites, write),
            (None, Some(read)) => (Guarantee::MonotonicReads, *read),
            (None, None) => return,
        };
        let before = text(self.touches[earlier].1);
        let sentence = format!(
            "client{session} found nothing at k{} though it had called {before} before",
            self.key
        );
        self.note(guarantee, earlier, touch, sentence);
    }

    fn read(&mut self, touch: usize, session: u32, write: usize) {
        let Some(found) = self.versions.get(&write) else { return };
        let client = self.sessions.entry(session).or_default();
        if is_in(&client.older, found) {
            let client = &self.sessions[&session];
            let is_newer = |seen: &&usize| {
                self.version_of(**seen).is_some_and(|version| is_in(&version.past, found))
            };
            let own = client.last_write.iter().find(is_newer);
            let earlier = own.or_else(|| client.seen.iter().rev().find(is_newer));
            self.lapses.extend(earlier.map(|&earlier| Lapse { read: touch, earlier, write }));
            return;
        }
        client.count += 1;
        join(&mut client.older, &found.past);
        join(&mut client.past, &found.past);
        let own = client.past.entry(found.session).or_default();
        *own = found.place.max(*own);
        client.past.insert(session, client.count);
        client.seen.push(touch);
    }

    /// Says which guarantee a read breaks that went back.
    fn went_back(&mut self, lapse: &Lapse) {
        let Lapse { read: touch, earlier, write } = *lapse;
        let session = self.touches[touch].1.client;
        let (key, call) = (self.key, self.touches[touch].1);
        let (old, before) = (text(self.touches[write].1), text(self.touches[earlier].1));
        let Some(newer) = self.version_of(earlier) else { return };
        let is_own = matches!(self.touches[earlier].0, Touch::Write(_));
        let source = self.touches[newer.write].1;
        if is_own || !self.is_for_good(call.ended.unwrap_or(call.called), newer) {
            let guarantee = match is_own {
                true => Guarantee::ReadYourWrites,
                false => Guarantee::MonotonicReads,
            };
            let sentence = format!(
                "client{session}'s {} on k{key} goes back behind its own {before}: client{} called \
                 {} knowing of {old}",
                text(call),
                source.client,
                text(source)
            );
            self.note(guarantee, earlier, touch, sentence);
            return;
        }
        let old_client = self.touches[write].1.client;
        let guarantee = match old_client == source.client {
            true => Guarantee::MonotonicWrites,
            false => Guarantee::WritesFollowReads,
        };
        let sentence = format!(
            "client{} called {} on k{key} after {old} of client{old_client}, but client{session} \
             found them the other way round, and nobody found the newer one again",
            source.client,
            text(source)
        );
        let later = newer.write;
        self.note(guarantee, write, later, sentence);
    }

    /// Whether no read that was called later found a version again, or what is newer.
    fn is_for_good(&self, since: crate::time::SimTime, newer: &Version) -> bool {
        !self.touches.iter().any(|(touch, call)| {
            let Touch::Read(Some(value)) = touch else { return false };
            let Some(version) = self.versions.get(&self.writers[value]) else { return true };
            call.called > since && (version.write == newer.write || is_in(&version.past, newer))
        })
    }

    /// Clients that saw writes in orders that exclude each other.
    fn opposites(&mut self) {
        let mut edges: BTreeMap<usize, Vec<(usize, usize, usize)>> = BTreeMap::new();
        let seen = self.sessions.values().flat_map(|client| client.seen.windows(2));
        let pairs = seen.map(|pair| (pair[0], pair[1])).chain(self.loose.iter().copied());
        for (earlier, later) in pairs {
            let ends = (self.version_of(earlier), self.version_of(later));
            let (Some(older), Some(newer)) = ends else { continue };
            if older.write != newer.write {
                edges.entry(older.write).or_default().push((newer.write, earlier, later));
            }
        }
        for cycle in cycles(&edges) {
            // The last read of the cycle is to blame.
            let is_read = |touch: &usize| matches!(self.touches[*touch].0, Touch::Read(_));
            let Some(&(earlier, later)) = cycle
                .iter()
                .filter(|(_, later)| is_read(later))
                .max_by_key(|(_, later)| self.touches[*later].1.ended)
            else {
                continue;
            };
            let guarantee = match self.touches[earlier].0 {
                Touch::Write(_) => Guarantee::ReadYourWrites,
                _ => Guarantee::MonotonicReads,
            };
            let story: Vec<String> = cycle
                .iter()
                .map(|(earlier, later)| {
                    let (earlier, later) = (self.touches[*earlier].1, self.touches[*later].1);
                    format!(
                        "client{} had {} and then {}",
                        earlier.client,
                        text(earlier),
                        text(later)
                    )
                })
                .collect();
            let sentence = format!(
                "clients saw the writes of k{} in orders that exclude each other: {}",
                self.key,
                story.join("; ")
            );
            self.note(guarantee, earlier, later, sentence);
        }
    }

    /// The version that a touch wrote or found.
    fn version_of(&self, touch: usize) -> Option<&Version> {
        match self.touches[touch].0 {
            Touch::Read(Some(value)) => self.versions.get(self.writers.get(&value)?),
            _ => self.versions.get(&touch),
        }
    }

    fn note(&mut self, guarantee: Guarantee, earlier: usize, later: usize, sentence: String) {
        let id = |touch: usize| self.touches[touch].1.id;
        let (earlier, later) = (id(earlier), id(later));
        let key = self.key;
        self.violations.push(SessionViolation { guarantee, key, earlier, later, sentence });
    }
}

/// Whether a version lies in a past.
fn is_in(past: &Past, version: &Version) -> bool {
    past.get(&version.session).is_some_and(|count| *count >= version.place)
}

/// Adds a past to another.
fn join(into: &mut Past, past: &Past) {
    for (&session, &count) in past {
        let known = into.entry(session).or_default();
        *known = count.max(*known);
    }
}
