//! Judging a history while it comes about, in memory that depends on what is open.

use std::collections::{BTreeMap, VecDeque};

use super::Budget;
use super::frontier::{Step, Steps, Sweep};
use super::intern::Interner;
use super::problem::Rule;
use crate::history::CallId;
use crate::service::{Accepts, Sequential};

/// Kinds of operations pending for ever, and how many of each, that can be kept apart.
const CLASSES: usize = 24;
const PENDING: u64 = (1 << 15) - 1;

/// States that nobody needs any more are thrown away when there are so many, and twice as many as
/// were needed the last time.
const STATES: usize = 1_024;

/// What is known so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything that ended so far has a place.
    Holds,
    /// This call was the first that had none.
    Broken(CallId),
    /// Nobody can say any more, for this reason.
    Lost(String),
}

/// How a call ended.
enum Fate<R> {
    /// And the how-manieth return it was.
    Replied(R, u64),
    Failed,
    Unknown,
}

enum Event {
    Call(CallId),
    Return(CallId),
}

/// What is kept of a call until its turn has come.
struct Waiting<M: Sequential> {
    operation: M::Operation,
    fate: Option<Fate<M::Reply>>,
}

/// Judges the operations of one object one after the other.
///
/// Calls and returns are noted in the order of time; of those at one instant, calls come first. A
/// call is looked at once it is known how it ended, and so are the events after it: what is kept is
/// what happened since the call of the oldest operation that is still open. Nothing is known of what
/// comes later, so there is no look ahead, and a violation is found at the return to blame.
pub struct Online<M: Sequential> {
    sweep: Sweep<6>,
    book: Book<M>,
    events: VecDeque<Event>,
    waiting: BTreeMap<CallId, Waiting<M>>,
    slots: BTreeMap<CallId, u8>,
    classes: Vec<Rule>,
    ended: u64,
    limit: usize,
    budget: Budget,
    standing: Standing,
}

/// The states and the symbols in use.
struct Book<M: Sequential> {
    states: Interner<M::State>,
    symbols: Vec<Option<Symbol<M>>>,
}

/// An operation with the reply it must give, if it is known.
type Symbol<M> = (<M as Sequential>::Operation, Option<<M as Sequential>::Reply>);

impl<M: Sequential> Steps for Book<M> {
    fn ask(&mut self, state: u32, symbol: u32) -> Option<u32> {
        let (operation, reply) = self.symbols[symbol as usize].as_ref()?;
        let (after, given) = M::apply(self.states.get(state - 1), operation);
        let fits = reply.as_ref().is_none_or(|must| *must == given);
        fits.then(|| self.states.number(after) + 1)
    }
    fn states(&self) -> usize {
        self.states.len() + 1
    }
    fn can_wait(&self) -> bool {
        false
    }
}

impl<M: Sequential> Book<M> {
    fn number(&mut self, state: M::State) -> u32 {
        self.states.number(state) + 1
    }

    fn symbol(&mut self, operation: M::Operation, reply: Option<M::Reply>) -> Rule {
        let free = self.symbols.iter().position(Option::is_none);
        let number = free.unwrap_or(self.symbols.len());
        if number == self.symbols.len() {
            self.symbols.push(None);
        }
        self.symbols[number] = Some((operation, reply));
        Rule::Apply(u32::try_from(number).expect("a symbol for each open operation"))
    }

    /// What an operation does that gave this reply, and whether it is legal everywhere; `None` if
    /// it says nothing.
    fn rule(&mut self, operation: M::Operation, reply: M::Reply) -> Option<(Rule, bool)> {
        let is_read = M::is_read(&operation);
        if M::is_always_legal(&operation) {
            let (after, given) = M::apply(&M::initial(), &operation);
            return Some(match given == reply {
                false => (Rule::Never, false),
                true if M::is_blind_write(&operation) => (Rule::Blind(self.number(after)), true),
                true => (self.symbol(operation, Some(reply)), !is_read),
            });
        }
        let rule = match M::accepts(&operation, &reply) {
            Accepts::Nowhere => Rule::Never,
            Accepts::In(state) if is_read => Rule::Read(self.number(state)),
            Accepts::NotIn(state) => Rule::Refuse(self.number(state)),
            Accepts::Everywhere if is_read => return None,
            Accepts::Everywhere => return Some((self.symbol(operation, Some(reply)), true)),
            Accepts::In(_) | Accepts::Unknown => self.symbol(operation, Some(reply)),
        };
        Some((rule, false))
    }
}

impl<M: Sequential> Online<M> {
    /// An object that nobody has touched. Each return may cost as much as the budget says.
    ///
    /// # Panics
    /// Never: the counters fit.
    #[must_use]
    pub fn new(budget: Budget) -> Online<M> {
        let mut book = Book { states: Interner::default(), symbols: Vec::new() };
        let initial = book.number(M::initial());
        let sweep = Sweep::try_new(initial, &[PENDING; CLASSES]).expect("the counters fit");
        Online {
            sweep,
            book,
            events: VecDeque::new(),
            waiting: BTreeMap::new(),
            slots: BTreeMap::new(),
            classes: Vec::new(),
            ended: 0,
            limit: STATES,
            budget,
            standing: Standing::Holds,
        }
    }

    /// An operation was called.
    pub fn observe_call(&mut self, id: CallId, operation: M::Operation) {
        if self.standing == Standing::Holds {
            self.waiting.insert(id, Waiting { operation, fate: None });
            self.events.push_back(Event::Call(id));
        }
    }

    /// It returned with this reply.
    pub fn observe_return(&mut self, id: CallId, reply: M::Reply) -> &Standing {
        self.events.push_back(Event::Return(id));
        self.ended += 1;
        self.end(id, Fate::Replied(reply, self.ended))
    }

    /// It certainly took no effect.
    pub fn observe_failure(&mut self, id: CallId) -> &Standing {
        self.end(id, Fate::Failed)
    }

    /// Nobody will ever know whether it took effect.
    pub fn observe_unknown(&mut self, id: CallId) -> &Standing {
        self.end(id, Fate::Unknown)
    }

    /// What is known, given that the calls without an end never get one.
    pub fn finish(&mut self) -> &Standing {
        for waiting in self.waiting.values_mut().filter(|waiting| waiting.fate.is_none()) {
            waiting.fate = Some(Fate::Unknown);
        }
        self.go_on();
        &self.standing
    }

    /// How much is kept: events and operations that wait, ways the past may have gone, states.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.events.len()
            + self.waiting.len()
            + self.slots.len()
            + self.sweep.width()
            + self.book.states.len()
            + self.book.symbols.len()
    }

    fn end(&mut self, id: CallId, fate: Fate<M::Reply>) -> &Standing {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            waiting.fate = Some(fate);
        }
        self.go_on();
        &self.standing
    }

    /// Looks at the events whose turn has come.
    fn go_on(&mut self) {
        while self.standing == Standing::Holds {
            match self.events.front() {
                None => return,
                Some(Event::Call(id)) => {
                    let id = *id;
                    match self.waiting.get(&id) {
                        Some(Waiting { fate: None, .. }) => return,
                        Some(_) => self.open(id),
                        None => {}
                    }
                }
                Some(Event::Return(id)) => self.close(*id),
            }
            self.events.pop_front();
        }
        self.events.clear();
        self.waiting.clear();
    }

    fn open(&mut self, id: CallId) {
        let Some(Waiting { operation, fate: Some(fate) }) = self.waiting.remove(&id) else {
            return;
        };
        match fate {
            Fate::Failed => {}
            Fate::Unknown if M::is_read(&operation) => {}
            Fate::Unknown => self.pend(operation),
            Fate::Replied(reply, ended) => {
                let Some((rule, is_legal)) = self.book.rule(operation, reply) else { return };
                match self.sweep.open(&mut self.book, rule, is_legal, ended) {
                    Some(slot) => {
                        self.slots.insert(id, slot);
                    }
                    None => self.lose("more than 64 operations are open at once"),
                }
            }
        }
    }

    fn pend(&mut self, operation: M::Operation) {
        let known = |rule: &Rule| match rule {
            Rule::Apply(symbol) => {
                self.book.symbols[*symbol as usize].as_ref().is_some_and(|one| one.0 == operation)
            }
            _ => false,
        };
        let rule = match (self.classes.iter().find(|rule| known(rule)), M::swaps(&operation)) {
            (Some(rule), _) => *rule,
            (None, _) if M::is_blind_write(&operation) => {
                Rule::Blind(self.book.number(M::apply(&M::initial(), &operation).0))
            }
            (None, Some((from, to))) if from == to => return,
            (None, Some((from, to))) => Rule::Maybe(self.book.number(from), self.book.number(to)),
            (None, None) => self.book.symbol(operation, None),
        };
        let class = self.classes.iter().position(|known| *known == rule);
        let class = class.unwrap_or_else(|| {
            self.classes.push(rule);
            self.classes.len() - 1
        });
        if class >= CLASSES {
            return self.lose("more than 24 kinds of operations are pending for ever");
        }
        if class == self.sweep.classes() {
            self.sweep.add_class(&self.book, rule, true);
        }
        if !self.sweep.pend_up_to(class, PENDING) {
            self.lose("more than 32767 equal operations are pending for ever");
        }
    }

    fn close(&mut self, id: CallId) {
        let Some(slot) = self.slots.remove(&id) else { return };
        let mut purse = self.budget.configurations;
        let rule = self.sweep.rule(slot);
        match self.sweep.close(&mut self.book, slot, &mut purse) {
            Step::Placed => {}
            Step::Broken => self.standing = Standing::Broken(id),
            Step::Spent => self.lose("the budget of one return ended"),
        }
        if let Rule::Apply(symbol) = rule {
            self.book.symbols[symbol as usize] = None;
        }
        if self.book.states.len() > self.limit {
            self.forget();
        }
    }

    fn lose(&mut self, why: &str) {
        self.standing = Standing::Lost(why.to_owned());
    }

    /// Throws away the states that nobody needs.
    fn forget(&mut self) {
        let mut states = Interner::default();
        let book = &self.book;
        let mut new = |old: u32| states.number(book.states.get(old - 1).clone()) + 1;
        self.sweep.rename(&mut new);
        for rule in &mut self.classes {
            *rule = rule.renamed(&mut new);
        }
        self.book.states = states;
        self.limit = STATES.max(self.book.states.len() * 2);
    }
}
