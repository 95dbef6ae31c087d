//! The sweep itself, fed with calls and returns one by one.

use super::super::problem::{Rule, UNSEEN};
use super::antichain::{Antichain, Config, Lane, lanes};
use super::steps::{Step, Steps, bits};

/// As many comparisons cost as much of the budget as one configuration.
const COMPARISONS: u64 = 64;

/// The budget ended.
struct Spent;

/// Which open operations a state concerns, a bit each.
#[derive(Clone, Copy, Default)]
struct Marks {
    /// Give their reply there and leave it.
    pure: u64,
    /// Lead on from there only.
    enabled: u64,
    /// Do not give their reply there only.
    refused: u64,
}

/// An open operation.
#[derive(Clone, Copy)]
struct Slot {
    rule: Rule,
    ended: u64,
    /// The open operations with the same rule that return earlier: whoever may use either, uses
    /// them first.
    twins: u64,
}

/// Operations pending for ever that are interchangeable: each may take effect once, at any time
/// after its call, or never.
#[derive(Clone)]
struct Class {
    rule: Rule,
    is_legal: bool,
    called: u64,
    /// The open operations with the same rule.
    twins: u64,
}

/// The ways the past may have gone.
#[derive(Clone)]
pub(in crate::check::linearizable) struct Sweep<const W: usize> {
    marks: Vec<Marks>,
    slots: [Slot; 64],
    open: u64,
    /// Lead to a state of their own from everywhere.
    blinds: u64,
    /// Are legal everywhere and no reads.
    legal: u64,
    /// The model has to be asked.
    loose: u64,
    refusers: u64,
    classes: Vec<Class>,
    lanes: Vec<Lane>,
    guards: [u64; W],
    frontier: Vec<Config<W>>,
    seen: Antichain<W>,
    next: Antichain<W>,
    stack: Vec<u32>,
    /// Those that took one more operation pending for ever.
    later: Vec<u32>,
    ahead: Vec<(u32, bool, Config<W>)>,
    comparisons: u64,
    /// Only the most promising ways are kept.
    is_narrow: bool,
}

/// As many ways are the most promising.
const FEW: usize = 6;

impl<const W: usize> Sweep<W> {
    /// A sweep with classes that have at most so many operations each; `None` if there are too many.
    pub(in crate::check::linearizable) fn try_new(
        initial: u32,
        greatest: &[u64],
    ) -> Option<Sweep<W>> {
        let (lanes, guards) = lanes(greatest)?;
        Some(Sweep {
            marks: Vec::new(),
            slots: [Slot { rule: Rule::Never, ended: 0, twins: 0 }; 64],
            open: 0,
            blinds: 0,
            legal: 0,
            loose: 0,
            refusers: 0,
            classes: Vec::with_capacity(greatest.len()),
            lanes,
            guards,
            frontier: vec![Config::new(initial)],
            seen: Antichain::default(),
            next: Antichain::default(),
            stack: Vec::new(),
            later: Vec::new(),
            ahead: Vec::new(),
            comparisons: 0,
            is_narrow: false,
        })
    }

    /// Adds a class of operations pending for ever.
    pub(in crate::check::linearizable) fn add_class(
        &mut self,
        steps: &dyn Steps,
        rule: Rule,
        is_legal: bool,
    ) {
        self.grow(steps);
        let twins = bits(self.open)
            .filter(|&slot| self.slots[slot].rule == rule)
            .fold(0, |set, slot| set | 1 << slot);
        self.classes.push(Class { rule, is_legal, called: 0, twins });
    }

    /// How many classes there are.
    pub(in crate::check::linearizable) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// One more operation of a class was called, unless there are too many.
    pub(in crate::check::linearizable) fn pend_up_to(&mut self, class: usize, most: u64) -> bool {
        let is_room = self.classes[class].called < most;
        self.classes[class].called += u64::from(is_room);
        is_room
    }

    /// What the operation in a slot does.
    pub(in crate::check::linearizable) fn rule(&self, slot: u8) -> Rule {
        self.slots[slot as usize].rule
    }

    /// Gives the states that are in use other numbers.
    pub(in crate::check::linearizable) fn rename(&mut self, new: &mut dyn FnMut(u32) -> u32) {
        for config in &mut self.frontier {
            config.state = new(config.state);
        }
        for class in &mut self.classes {
            class.rule = class.rule.renamed(new);
        }
        let open = self.open;
        let mut most = self.frontier.iter().map(|config| config.state).max().unwrap_or_default();
        let mut noted = |state: u32| {
            let state = new(state);
            most = most.max(state);
            state
        };
        for slot in bits(open) {
            self.slots[slot].rule = self.slots[slot].rule.renamed(&mut noted);
        }
        for class in &self.classes {
            class.rule.renamed(&mut |state| {
                most = most.max(state);
                state
            });
        }
        self.marks = vec![Marks::default(); most as usize + 1];
        for slot in bits(open) {
            self.mark(slot, true);
        }
        self.seen = Antichain::default();
        self.next = Antichain::default();
    }

    /// One more operation of a class was called.
    pub(super) fn pend(&mut self, class: u32) {
        self.classes[class as usize].called += 1;
    }

    /// How many ways there are.
    pub(in crate::check::linearizable) fn width(&self) -> usize {
        self.frontier.len()
    }

    /// From now on keeps only the most promising ways. If one of them leads to the end, all is
    /// well; if none does, nothing is known.
    pub(super) fn narrow(&mut self) {
        self.is_narrow = true;
        self.drop_least();
    }

    fn drop_least(&mut self) {
        if self.frontier.len() <= FEW {
            return;
        }
        self.frontier.sort_by_key(|config| {
            let used: u64 = self.lanes.iter().map(|lane| lane.get(&config.used)).sum();
            (used, config.settled.count_zeros(), config.spent.count_ones())
        });
        self.frontier.truncate(FEW);
    }

    fn grow(&mut self, steps: &dyn Steps) {
        if self.marks.len() < steps.states() {
            self.marks.resize(steps.states(), Marks::default());
        }
    }

    fn mark(&mut self, slot: usize, is_open: bool) {
        let bit = 1 << slot;
        let set = |word: &mut u64, is: bool| *word = if is { *word | bit } else { *word & !bit };
        match self.slots[slot].rule {
            Rule::Never | Rule::Maybe(..) => {}
            Rule::Read(state) => set(&mut self.marks[state as usize].pure, is_open),
            Rule::Blind(state) => {
                set(&mut self.marks[state as usize].pure, is_open);
                set(&mut self.blinds, is_open);
            }
            Rule::Swap(from, _) => set(&mut self.marks[from as usize].enabled, is_open),
            Rule::Refuse(state) => {
                set(&mut self.marks[state as usize].refused, is_open);
                set(&mut self.refusers, is_open);
            }
            Rule::Apply(_) => set(&mut self.loose, is_open),
        }
        set(&mut self.open, is_open);
    }

    /// An operation was called, and is going to end at that time. Gives its slot, if there is one.
    pub(in crate::check::linearizable) fn open(
        &mut self,
        steps: &mut dyn Steps,
        rule: Rule,
        is_legal: bool,
        ended: u64,
    ) -> Option<u8> {
        let slot = (!self.open).trailing_zeros() as usize;
        if slot == 64 {
            return None;
        }
        self.grow(steps);
        let bit = 1 << slot;
        let mut twins = 0;
        if !matches!(rule, Rule::Read(_) | Rule::Refuse(_)) {
            for other in bits(self.open) {
                let known = &mut self.slots[other];
                match known.ended <= ended {
                    _ if known.rule != rule => {}
                    true => twins |= 1 << other,
                    false => known.twins |= bit,
                }
            }
            for class in self.classes.iter_mut().filter(|class| class.rule == rule) {
                class.twins |= bit;
            }
        }
        self.slots[slot] = Slot { rule, ended, twins };
        self.mark(slot, true);
        if is_legal {
            self.legal |= bit;
        }
        for index in 0..self.frontier.len() {
            let state = self.frontier[index].state;
            self.frontier[index].settled |= self.pure(steps, state, bit);
        }
        u8::try_from(slot).ok()
    }

    /// Which of these open operations give their reply in this state and leave it.
    fn pure(&mut self, steps: &mut dyn Steps, state: u32, among: u64) -> u64 {
        let marks = self.marks[state as usize];
        let mut pure = marks.pure | (self.refusers & !marks.refused);
        for slot in bits(self.loose & among) {
            if self.loose_step(steps, state, slot) == Some(state) {
                pure |= 1 << slot;
            }
        }
        pure & among
    }

    fn loose_step(&mut self, steps: &mut dyn Steps, state: u32, slot: usize) -> Option<u32> {
        let Rule::Apply(symbol) = self.slots[slot].rule else { return None };
        let to = steps.ask(state, symbol);
        self.grow(steps);
        to
    }

    /// The operation in this slot returned.
    pub(in crate::check::linearizable) fn close(
        &mut self,
        steps: &mut dyn Steps,
        slot: u8,
        purse: &mut u64,
    ) -> Step {
        let bit = 1 << slot;
        let is_visible = !matches!(self.slots[slot as usize].rule, Rule::Read(_) | Rule::Refuse(_));
        let is_placed = |config: &Config<W>| {
            config.settled & bit != 0 && (!is_visible || config.spent & bit != 0)
        };
        if self.frontier.iter().all(is_placed) {
            for config in &mut self.frontier {
                config.settled &= !bit;
                config.spent &= !bit;
            }
        } else if self.place(steps, slot as usize, is_visible, purse).is_err() {
            return Step::Spent;
        } else {
            self.frontier.clear();
            self.frontier.extend(self.next.items.iter().filter(|config| !config.is_dropped()));
            if self.is_narrow {
                self.drop_least();
            }
        }
        self.mark(slot as usize, false);
        self.legal &= !bit;
        for other in bits(self.open) {
            self.slots[other].twins &= !bit;
        }
        for class in &mut self.classes {
            class.twins &= !bit;
        }
        if self.frontier.is_empty() { Step::Broken } else { Step::Placed }
    }

    /// Finds every way to place the operation now, at the end of as few others as need to come
    /// before it.
    fn place(
        &mut self,
        steps: &mut dyn Steps,
        slot: usize,
        is_visible: bool,
        purse: &mut u64,
    ) -> Result<(), Spent> {
        let bit = 1 << slot;
        self.seen.clear();
        self.next.clear();
        self.stack.clear();
        self.later.clear();
        let frontier = std::mem::take(&mut self.frontier);
        for config in &frontier {
            if config.settled & bit != 0 {
                if !is_visible || config.spent & bit != 0 {
                    self.finish(*config, bit);
                    continue;
                }
                self.finish(self.hidden(*config, slot), bit);
            }
            if let Some(number) = self.seen.insert(*config, &self.guards, &mut self.comparisons) {
                self.stack.push(number);
            }
        }
        self.frontier = frontier;
        loop {
            let Some(number) = self.stack.pop() else {
                std::mem::swap(&mut self.stack, &mut self.later);
                let is_enough = self.is_narrow && !self.next.items.is_empty();
                if self.stack.is_empty() || is_enough {
                    return Ok(());
                }
                continue;
            };
            let config = self.seen.items[number as usize];
            if config.is_dropped() {
                continue;
            }
            self.look(steps, &config, slot);
            self.follow(slot, is_visible, purse)?;
        }
    }

    /// A write to the state that is there already may as well take effect, and hide others.
    fn hidden(&self, mut config: Config<W>, slot: usize) -> Config<W> {
        if self.slots[slot].rule == Rule::Blind(config.state) {
            config.settled |= self.legal;
        }
        config
    }

    /// Goes on with the steps that `look` found.
    fn follow(&mut self, slot: usize, is_visible: bool, purse: &mut u64) -> Result<(), Spent> {
        let bit = 1 << slot;
        // The last one is looked at first: the greediest, whose successors make most others
        // superfluous.
        if self.ahead.len() > 1 {
            self.ahead.sort_by_key(|(settles, ..)| *settles);
        }
        let mut ahead = std::mem::take(&mut self.ahead);
        for (_, is_pending, next) in ahead.drain(..) {
            *purse = purse.checked_sub(1).ok_or(Spent)?;
            if next.settled & bit != 0 {
                if !is_visible || next.spent & bit != 0 {
                    self.finish(next, bit);
                    continue;
                }
                self.finish(self.hidden(next, slot), bit);
            }
            if let Some(number) = self.seen.insert(next, &self.guards, &mut self.comparisons) {
                if is_pending { &mut self.later } else { &mut self.stack }.push(number);
            }
        }
        self.ahead = ahead;
        let price = self.comparisons / COMPARISONS;
        self.comparisons %= COMPARISONS;
        *purse = purse.checked_sub(price).ok_or(Spent)?;
        Ok(())
    }

    /// Keeps a configuration in which the operation that returned is placed.
    fn finish(&mut self, mut config: Config<W>, bit: u64) {
        config.settled &= !bit;
        config.spent &= !bit;
        self.next.insert(config, &self.guards, &mut self.comparisons);
    }

    /// Collects the steps worth taking from `config` on the way to placing the operation in `slot`.
    fn look(&mut self, steps: &mut dyn Steps, config: &Config<W>, slot: usize) {
        let marks = self.marks[config.state as usize];
        let left = !config.spent;
        let is_free = |sweep: &Self, other: usize| sweep.slots[other].twins & left == 0;
        self.look_at_guarded(steps, config, slot);
        if let Some((cleared, is_pending)) = self.cleared(config) {
            let from = self.ahead.len();
            self.look_at_guarded(steps, &cleared, slot);
            for next in &mut self.ahead[from..] {
                next.1 |= is_pending;
            }
        }
        for other in bits(self.blinds & left & !marks.pure) {
            let Rule::Blind(to) = self.slots[other].rule else { continue };
            if is_free(self, other) && (other == slot || self.helps(steps, config, to, slot)) {
                self.take(steps, config, other, to);
            }
        }
        for class in 0..self.classes.len() {
            if let Rule::Blind(to) = self.classes[class].rule {
                let is_free = self.is_free(config, class) && to != config.state;
                if is_free && self.helps(steps, config, to, slot) {
                    self.take_pending(steps, config, class, to);
                }
            }
        }
    }

    /// Collects the steps that depend on the state and are worth taking.
    fn look_at_guarded(&mut self, steps: &mut dyn Steps, config: &Config<W>, slot: usize) {
        let marks = self.marks[config.state as usize];
        let left = !config.spent;
        for other in bits(marks.enabled & left) {
            if let (Rule::Swap(_, to), 0) = (self.slots[other].rule, self.slots[other].twins & left)
            {
                self.take(steps, config, other, to);
            }
        }
        for other in bits(self.loose & left) {
            let Some(to) = self.loose_step(steps, config.state, other) else { continue };
            let is_lost = other != slot && self.is_lost(steps, config, other, to);
            // One that may count as hidden is better kept for that, if this one may not.
            let is_hidden = config.settled >> other & 1 == 1;
            let better = if is_hidden { left } else { left & !config.settled };
            if to != config.state && !is_lost && self.slots[other].twins & better == 0 {
                self.take(steps, config, other, to);
            }
        }
        for class in 0..self.classes.len() {
            let is_guarded = !matches!(self.classes[class].rule, Rule::Blind(_));
            if is_guarded
                && self.is_free(config, class)
                && let Some(to) = self.class_step(steps, config.state, class)
            {
                self.take_pending(steps, config, class, to);
            }
        }
    }

    /// The configuration after a write to the state that is there already, which hides others;
    /// `None` if there is no such write or nobody to hide. It may wait until the state is left, and
    /// a blind write that leaves it hides them as well.
    fn cleared(&self, config: &Config<W>) -> Option<(Config<W>, bool)> {
        let waiting = self.legal & !config.settled;
        if waiting == 0 {
            return None;
        }
        let mut next = *config;
        next.settled |= self.legal;
        let writes = self.marks[config.state as usize].pure & self.blinds & !config.spent;
        let is_first = |&slot: &usize| self.slots[slot].twins & !config.spent == 0;
        if let Some(slot) = bits(writes).find(is_first) {
            next.spent |= 1 << slot;
            return Some((next, false));
        }
        let class = (0..self.classes.len()).find(|&class| {
            self.classes[class].rule == Rule::Blind(config.state) && self.is_free(config, class)
        })?;
        self.lanes[class].add(&mut next.used);
        Some((next, true))
    }

    /// Whether an operation of this class may take effect, and no open one does as well.
    fn is_free(&self, config: &Config<W>, class: usize) -> bool {
        self.is_available(config, class) && self.classes[class].twins & !config.spent == 0
    }

    fn is_available(&self, config: &Config<W>, class: usize) -> bool {
        self.lanes[class].get(&config.used) < self.classes[class].called
    }

    /// Where an operation pending for ever that is no blind write leads on.
    fn class_step(&mut self, steps: &mut dyn Steps, state: u32, class: usize) -> Option<u32> {
        let to = match self.classes[class].rule {
            Rule::Maybe(from, to) => (from == state).then_some(to),
            Rule::Apply(symbol) => {
                let to = steps.ask(state, symbol);
                self.grow(steps);
                to
            }
            _ => None,
        }?;
        let is_lost = to == UNSEEN
            && steps.can_wait()
            && self.classes[class].is_legal
            && self.marks[state as usize].refused == 0;
        (to != state && !is_lost).then_some(to)
    }

    /// Whether a step leads where nobody looks, and can as well be taken later.
    fn is_lost(&self, steps: &dyn Steps, config: &Config<W>, slot: usize, to: u32) -> bool {
        to == UNSEEN
            && steps.can_wait()
            && self.legal >> slot & 1 == 1
            && self.marks[config.state as usize].refused & !config.settled == 0
    }

    /// Whether a blind write that leads to `to` settles something there, or makes something
    /// possible. If not, it may as well stay hidden.
    fn helps(&mut self, steps: &mut dyn Steps, config: &Config<W>, to: u32, slot: usize) -> bool {
        let waiting = self.open & !config.settled & !self.legal;
        let marks = self.marks[to as usize];
        if (marks.pure | (self.refusers & !marks.refused)) & waiting != 0
            || marks.enabled & !config.spent != 0
        {
            return true;
        }
        for other in bits(self.loose & !config.spent) {
            match self.loose_step(steps, to, other) {
                Some(same) if same == to && waiting >> other & 1 == 1 => return true,
                Some(same) if same == to => {}
                Some(next) => {
                    let is_lost = next == UNSEEN
                        && steps.can_wait()
                        && self.legal >> other & 1 == 1
                        && marks.refused & !config.settled == 0;
                    if other == slot || !is_lost {
                        return true;
                    }
                }
                None => {}
            }
        }
        (0..self.classes.len()).any(|class| {
            !matches!(self.classes[class].rule, Rule::Blind(_))
                && self.is_available(config, class)
                && self.class_step(steps, to, class).is_some()
        })
    }

    /// Takes the step of an open operation.
    fn take(&mut self, steps: &mut dyn Steps, config: &Config<W>, slot: usize, to: u32) {
        let mut next = *config;
        next.settled |= 1 << slot;
        next.spent |= 1 << slot;
        if self.blinds >> slot & 1 == 1 {
            next.settled |= self.legal;
        }
        self.arrive(steps, next, to, false);
    }

    /// Takes the step of an operation pending for ever.
    fn take_pending(&mut self, steps: &mut dyn Steps, config: &Config<W>, class: usize, to: u32) {
        let mut next = *config;
        self.lanes[class].add(&mut next.used);
        if let Rule::Blind(_) = self.classes[class].rule {
            next.settled |= self.legal;
        }
        self.arrive(steps, next, to, true);
    }

    fn arrive(&mut self, steps: &mut dyn Steps, mut next: Config<W>, to: u32, is_pending: bool) {
        next.state = to;
        next.settled |= self.pure(steps, to, self.open & !next.settled);
        self.ahead.push((next.settled.count_ones(), is_pending, next));
    }
}
