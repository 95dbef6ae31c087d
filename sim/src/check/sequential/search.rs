//! Tries orders, one client's next operation after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::{Lines, Op};
use super::saturate::{Before, Seen};
use crate::check::Budget;
use crate::service::Sequential;

/// So many words of a configuration count as one.
const WORDS: u64 = 8;

/// What the search found out.
pub(super) enum Answer {
    Holds,
    /// No order gets further than so many operations; what is next then.
    Breaks {
        furthest: usize,
        next: Vec<usize>,
    },
    /// The budget ended; so far it got.
    Exhausted {
        furthest: usize,
    },
}

/// A step that may be taken back.
struct Step {
    line: usize,
    object: usize,
    /// The object's state before.
    state: u32,
    /// The object's latest write before.
    writer: usize,
}

/// The number of no operation: nobody wrote yet.
const NOBODY: usize = usize::MAX;

/// Of registers with different values: who wrote last, and who still has to see it. As long as
/// somebody has, nobody may overwrite it: it never comes again.
struct Views {
    /// By object.
    writers: Vec<usize>,
    /// By write; and then by object for what nobody wrote.
    unseen: Vec<u32>,
    ops: usize,
}

impl Views {
    fn new(ops: usize, objects: usize) -> Views {
        Views { writers: vec![NOBODY; objects], unseen: vec![0; ops + objects], ops }
    }

    /// How many have to see what an operation sees.
    fn unseen(&mut self, seen: Seen, object: usize) -> Option<&mut u32> {
        match seen {
            Seen::Anything => None,
            Seen::Initial => self.unseen.get_mut(self.ops + object),
            Seen::By(writer) => self.unseen.get_mut(writer),
        }
    }

    /// How many have to see what is in an object now.
    fn left(&self, object: usize) -> u32 {
        match self.writers[object] {
            NOBODY => self.unseen[self.ops + object],
            writer => self.unseen[writer],
        }
    }
}

/// A configuration on the way, and what has not been tried from there.
struct Level {
    /// How many steps were made to get there.
    steps: usize,
    /// The lines to go on with, the last one first.
    left: Vec<usize>,
}

pub(super) struct Search<'l, 'h, M: Sequential> {
    lines: &'l Lines<'h, M>,
    before: Option<&'l Before>,
    purse: u64,
    /// How many operations of each line are placed, and then the state of each object.
    now: Vec<u32>,
    states: Vec<M::State>,
    numbers: BTreeMap<M::State, u32>,
    views: Views,
    steps: Vec<Step>,
    /// The configurations that do not lead to the end.
    failed: BTreeSet<Box<[u32]>>,
    placed: usize,
    furthest: usize,
    next: Vec<usize>,
}

impl<'l, 'h, M: Sequential> Search<'l, 'h, M> {
    pub(super) fn new(
        lines: &'l Lines<'h, M>,
        before: Option<&'l Before>,
        budget: Budget,
    ) -> Search<'l, 'h, M> {
        let initial = M::initial();
        let mut views = Views::new(lines.ops.len(), lines.objects);
        for (op, seen) in lines.ops.iter().zip(before.iter().flat_map(|before| &before.seen)) {
            if let Some(unseen) = seen.and_then(|seen| views.unseen(seen, op.object)) {
                *unseen += 1;
            }
        }
        Search {
            lines,
            before,
            purse: budget.configurations,
            now: vec![0; lines.lines.len() + lines.objects],
            numbers: BTreeMap::from([(initial.clone(), 0)]),
            states: vec![initial],
            views,
            steps: Vec::new(),
            failed: BTreeSet::new(),
            placed: 0,
            furthest: 0,
            next: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Answer {
        let must = self.lines.must();
        // A long configuration counts as several.
        let price = 1 + self.now.len() as u64 / WORDS;
        self.look();
        let mut levels = vec![self.level(0)];
        loop {
            if self.placed == must {
                return Answer::Holds;
            }
            let Some(level) = levels.last_mut() else {
                return Answer::Breaks { furthest: self.furthest, next: self.next };
            };
            let Some(line) = level.left.pop() else {
                let steps = level.steps;
                levels.pop();
                self.failed.insert(self.now.clone().into());
                self.back_to(steps);
                continue;
            };
            let steps = self.steps.len();
            if !self.place(line) {
                continue;
            }
            self.look();
            if self.failed.contains(&self.now[..]) {
                self.back_to(steps);
                continue;
            }
            let Some(left) = self.purse.checked_sub(price) else {
                return Answer::Exhausted { furthest: self.furthest };
            };
            self.purse = left;
            let level = self.level(steps);
            levels.push(level);
        }
    }

    /// What may be tried from here, the earliest call last.
    fn level(&mut self, steps: usize) -> Level {
        let mut left: Vec<(usize, usize)> = (0..self.lines.lines.len())
            .filter_map(|line| Some((self.next_of(line)?, line)))
            .collect();
        left.sort();
        if self.placed >= self.furthest {
            self.furthest = self.placed;
            let ops = &self.lines.ops;
            let heads = self.lines.lines.iter().zip(&self.now);
            let heads = heads.filter_map(|(line, at)| line.get(*at as usize).copied());
            self.next = heads.filter(|op| ops[*op].reply.is_some()).collect();
        }
        left.reverse();
        Level { steps, left: left.into_iter().map(|(_, line)| line).collect() }
    }

    /// The next operation of a line, if what must come before it is placed.
    fn next_of(&self, line: usize) -> Option<usize> {
        let op = *self.lines.lines[line].get(self.now[line] as usize)?;
        if let Some((other, count)) = self.lines.after[line]
            && self.now[other] < count
        {
            return None;
        }
        let is_there = |(line, count): (usize, &u32)| self.now[line] >= *count;
        let mut before = self.before.iter().flat_map(|before| before.of(op).iter().enumerate());
        before.all(is_there).then_some(op)
    }

    /// Places the next operation of a line, if it gives its reply.
    fn place(&mut self, line: usize) -> bool {
        let Some(number) = self.next_of(line) else { return false };
        let Op { call, reply, object, .. } = &self.lines.ops[number];
        let (reply, object) = (*reply, *object);
        let is_write = self.before.is_some_and(|before| before.is_write[number]);
        let seen = self.before.and_then(|before| before.seen[number]).unwrap_or(Seen::Anything);
        if is_write {
            let is_needed = reply.is_some() || self.views.unseen[number] > 0;
            let own = u32::from(seen != Seen::Anything);
            if !is_needed || self.views.left(object) > own {
                return false;
            }
        }
        let place = self.lines.lines.len() + object;
        let state = self.now[place];
        let (after, found) = M::apply(&self.states[state as usize], &call.operation);
        if reply.is_some_and(|reply| *reply != found) {
            return false;
        }
        let new = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        let after = match self.numbers.get(&after) {
            Some(&known) => known,
            None => {
                self.states.push(after.clone());
                self.numbers.insert(after, new);
                new
            }
        };
        if reply.is_none() && after == state {
            return false;
        }
        let writer = self.views.writers[object];
        self.steps.push(Step { line, object, state, writer });
        if let Some(unseen) = self.views.unseen(seen, object) {
            *unseen -= 1;
        }
        if is_write {
            self.views.writers[object] = number;
        }
        self.now[line] += 1;
        self.now[place] = after;
        self.placed += usize::from(reply.is_some());
        true
    }

    /// Places whatever only looks and may be placed.
    fn look(&mut self) {
        let mut is_done = false;
        while !is_done {
            is_done = true;
            for line in 0..self.lines.lines.len() {
                while let Some(op) = self.next_of(line)
                    && self.lines.ops[op].is_look
                    && self.place(line)
                {
                    is_done = false;
                }
            }
        }
    }

    fn back_to(&mut self, steps: usize) {
        while self.steps.len() > steps {
            let Some(Step { line, object, state, writer }) = self.steps.pop() else { return };
            self.now[line] -= 1;
            let op = self.lines.lines[line][self.now[line] as usize];
            self.placed -= usize::from(self.lines.ops[op].reply.is_some());
            self.now[self.lines.lines.len() + object] = state;
            self.views.writers[object] = writer;
            let seen = self.before.and_then(|before| before.seen[op]).unwrap_or(Seen::Anything);
            if let Some(unseen) = self.views.unseen(seen, object) {
                *unseen += 1;
            }
        }
    }
}
