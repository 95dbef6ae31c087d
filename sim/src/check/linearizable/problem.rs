//! One object's share of a history, in numbers: what the fast engines work on.

use super::intern::{Interner, Memo};
use super::versions::Versions;
use crate::history::Call;
use crate::service::{Accepts, Outcome, Sequential};

/// The number of a state that stands for every state that no reply of the history depends on.
pub(super) const UNSEEN: u32 = 0;

/// At most this many questions to [`Sequential::origins`] for one object.
const QUESTIONS: usize = 1_000_000;

/// What an operation may do, and must reply, in numbers of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Its reply is possible nowhere.
    Never,
    /// Gives its reply in this state only, and leaves it.
    Read(u32),
    /// Gives its reply everywhere but in this state, and leaves each.
    Refuse(u32),
    /// Gives its reply everywhere and leads to this state.
    Blind(u32),
    /// Gives its reply in the first state only and leads to the second, another one.
    Swap(u32, u32),
    /// Nobody knows its reply. Leads from the first state to the second and leaves all others.
    Maybe(u32, u32),
    /// The model has to be asked what this symbol does.
    Apply(u32),
}

impl Rule {
    /// The same with other numbers of states.
    pub(super) fn renamed(self, new: &mut dyn FnMut(u32) -> u32) -> Rule {
        match self {
            Rule::Read(state) => Rule::Read(new(state)),
            Rule::Refuse(state) => Rule::Refuse(new(state)),
            Rule::Blind(state) => Rule::Blind(new(state)),
            Rule::Swap(from, to) => Rule::Swap(new(from), new(to)),
            Rule::Maybe(from, to) => Rule::Maybe(new(from), new(to)),
            Rule::Never | Rule::Apply(_) => self,
        }
    }
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub(super) rule: Rule,
    /// Which of the calls it is.
    pub(super) source: u32,
    /// From when on it may take effect.
    pub(super) called: u64,
    /// By when it must have taken effect, or [`NEVER`].
    pub(super) ended: u64,
}

/// The end of an operation that need not be placed at all.
pub(super) const NEVER: u64 = u64::MAX;
/// The last instant that is told from the others.
const LAST: u64 = NEVER - 2;

impl Op {
    /// Nobody waits for it.
    pub(super) fn is_pending(&self) -> bool {
        self.ended == NEVER
    }
}

/// An operation with the reply it must give, for the model to be asked about.
pub(super) struct Symbol<'h, M: Sequential> {
    operation: &'h M::Operation,
    reply: Option<&'h M::Reply>,
    pub(super) is_read: bool,
    /// Gives its reply everywhere.
    pub(super) is_legal: bool,
}

/// How states are told apart.
enum Known {
    /// Each is one of its own.
    All,
    /// Those that no reply depends on are one.
    Seen,
    /// Beginnings of sequences that some reply depends on; all others are one.
    Versions(Versions),
}

/// What an operation and its reply are to the interner.
type Key<'h, M> = (&'h <M as Sequential>::Operation, Option<&'h <M as Sequential>::Reply>);

/// One object's share of a history.
pub(super) struct Problem<'h, M: Sequential> {
    pub(super) ops: Vec<Op>,
    /// The numbers are one less than those in rules.
    states: Interner<M::State>,
    /// Whether some reply depends on the state, by number.
    pub(super) wanted: Vec<bool>,
    pub(super) symbols: Vec<Symbol<'h, M>>,
    names: Interner<Key<'h, M>>,
    /// Answers of the model: one more than a state, or zero.
    memo: Memo,
    pub(super) initial: u32,
    /// Whether the model says in which states every reply is possible.
    is_told: bool,
    known: Known,
    /// Whether a step to a state that nobody sees can as well be taken later.
    can_wait: bool,
}

impl<'h, M: Sequential> Problem<'h, M> {
    /// Leaves out what certainly had no effect, and what can always be placed and changes nothing.
    pub(super) fn new(calls: &[&'h Call<M::Operation, M::Reply>]) -> Problem<'h, M> {
        let mut problem = Problem {
            ops: Vec::with_capacity(calls.len()),
            states: Interner::with_capacity(calls.len() / 2),
            wanted: vec![false],
            symbols: Vec::new(),
            names: Interner::default(),
            memo: Memo::default(),
            initial: 0,
            is_told: true,
            known: Known::All,
            can_wait: false,
        };
        problem.initial = problem.number(M::initial());
        for (source, call) in (0..).zip(calls) {
            problem.add(source, call);
        }
        problem
    }

    /// Adds one call; gives its number, unless it is of no account.
    pub(super) fn add(
        &mut self,
        source: u32,
        call: &'h Call<M::Operation, M::Reply>,
    ) -> Option<usize> {
        let is_read = M::is_read(&call.operation);
        let reply = match &call.outcome {
            Outcome::Ok(reply) => Some(reply),
            Outcome::Failed => return None,
            Outcome::Unknown if is_read => return None,
            Outcome::Unknown => None,
        };
        let rule = match reply {
            Some(reply) => self.rule(&call.operation, reply, is_read)?,
            None => self.pending(&call.operation)?,
        };
        let called = call.called.0.min(LAST);
        let ended = match reply {
            Some(_) => call.ended.map_or(LAST, |ended| ended.0.clamp(called, LAST)),
            None => NEVER,
        };
        self.ops.push(Op { rule, source, called, ended });
        Some(self.ops.len() - 1)
    }

    fn rule(
        &mut self,
        operation: &'h M::Operation,
        reply: &'h M::Reply,
        is_read: bool,
    ) -> Option<Rule> {
        if M::is_always_legal(operation) {
            let (after, given) = M::apply(&M::initial(), operation);
            return Some(match given == *reply {
                false => Rule::Never,
                true if M::is_blind_write(operation) => Rule::Blind(self.number(after)),
                true => self.symbol(operation, Some(reply), true),
            });
        }
        match M::accepts(operation, reply) {
            Accepts::Unknown => {
                self.is_told = false;
                Some(self.symbol(operation, Some(reply), false))
            }
            Accepts::Nowhere => Some(Rule::Never),
            Accepts::In(state) => Some(self.only(state, operation, reply, is_read)),
            Accepts::Everywhere if is_read => None,
            Accepts::Everywhere => Some(self.symbol(operation, Some(reply), true)),
            Accepts::NotIn(state) => Some(Rule::Refuse(self.want(state))),
        }
    }

    /// The rule of an operation that gives its reply in one state only.
    fn only(
        &mut self,
        state: M::State,
        operation: &M::Operation,
        reply: &M::Reply,
        is_read: bool,
    ) -> Rule {
        if is_read {
            return Rule::Read(self.want(state));
        }
        let (after, given) = M::apply(&state, operation);
        if given != *reply {
            return Rule::Never;
        }
        let from = self.want(state);
        match self.number(after) {
            to if to == from => Rule::Read(from),
            to => Rule::Swap(from, to),
        }
    }

    /// The rule of an operation whose reply nobody knows.
    fn pending(&mut self, operation: &'h M::Operation) -> Option<Rule> {
        if M::is_blind_write(operation) {
            return Some(Rule::Blind(self.number(M::apply(&M::initial(), operation).0)));
        }
        let Some((from, to)) = M::swaps(operation) else {
            return Some(self.symbol(operation, None, true));
        };
        (from != to).then(|| Rule::Maybe(self.want(from), self.number(to)))
    }

    fn symbol(
        &mut self,
        operation: &'h M::Operation,
        reply: Option<&'h M::Reply>,
        is_legal: bool,
    ) -> Rule {
        let number = self.names.number((operation, reply));
        if number as usize == self.symbols.len() {
            let is_read = M::is_read(operation);
            self.symbols.push(Symbol { operation, reply, is_read, is_legal });
        }
        Rule::Apply(number)
    }

    fn number(&mut self, state: M::State) -> u32 {
        let number = self.states.number(state) + 1;
        if number as usize == self.wanted.len() {
            self.wanted.push(false);
        }
        number
    }

    fn want(&mut self, state: M::State) -> u32 {
        let number = self.number(state);
        self.wanted[number as usize] = true;
        number
    }

    /// How many numbers of states are in use.
    pub(super) fn states(&self) -> usize {
        match &self.known {
            Known::Versions(versions) => versions.len(),
            _ => self.wanted.len(),
        }
    }

    /// The state behind a number, before states were closed.
    pub(super) fn state(&self, number: u32) -> &M::State {
        self.states.get(number - 1)
    }

    /// Whether all states that no reply depends on are one.
    pub(super) fn is_closed(&self) -> bool {
        !matches!(self.known, Known::All)
    }

    /// Whether a step to a state that nobody sees, and that nobody waits for, can as well be taken
    /// later. It can not where a state is left by what is legal everywhere, and a reply refuses the
    /// state that follows: by then it is too late.
    pub(super) fn can_wait(&self) -> bool {
        self.can_wait
    }

    /// Makes one of all states that no reply depends on, where the model says enough.
    pub(super) fn close(&mut self) {
        self.unite();
        let is_refused = self.ops.iter().any(|op| matches!(op.rule, Rule::Refuse(_)));
        self.can_wait = self.is_closed() && (self.symbols.is_empty() || !is_refused);
    }

    fn unite(&mut self) {
        if !self.is_told || self.is_closed() {
            return;
        }
        let inner: Vec<u32> = (0..)
            .zip(&self.symbols)
            .filter(|(_, symbol)| symbol.is_legal && !symbol.is_read)
            .map(|(number, _)| number)
            .collect();
        let appends = |&symbol: &u32| M::appends(self.symbols[symbol as usize].operation).is_some();
        let is_sequence = M::sequence(&M::initial()).is_some();
        let is_all = !inner.is_empty() && inner.len() == self.symbols.len();
        if is_sequence && is_all && inner.iter().all(appends) {
            self.close_versions();
        } else if self.want_origins(&inner).is_some() {
            let wanted = std::mem::take(&mut self.wanted);
            if !wanted[1..].iter().all(|is_wanted| *is_wanted) {
                self.rename(|state| if wanted[state as usize] { state } else { UNSEEN });
            }
            self.wanted = wanted;
            self.known = Known::Seen;
        }
    }

    /// States that lead to a state that matters do matter themselves.
    fn want_origins(&mut self, inner: &[u32]) -> Option<()> {
        let mut questions = 0;
        let mut list: Vec<u32> =
            (1..).zip(&self.wanted[1..]).filter(|(_, is)| **is).map(|(state, _)| state).collect();
        for index in 0.. {
            if inner.is_empty() || index == list.len() {
                break;
            }
            let after = self.states.get(list[index] - 1).clone();
            questions += inner.len();
            if questions > QUESTIONS {
                return None;
            }
            for &symbol in inner {
                let operation = self.symbols[symbol as usize].operation;
                for origin in M::origins(operation, &after)? {
                    if origin == after || M::apply(&origin, operation).0 != after {
                        continue;
                    }
                    let origin = self.number(origin);
                    if !std::mem::replace(&mut self.wanted[origin as usize], true) {
                        list.push(origin);
                    }
                }
            }
        }
        Some(())
    }

    fn close_versions(&mut self) {
        let sequence = |state: u32| M::sequence(self.states.get(state - 1)).unwrap_or_default();
        let seen = (1..).zip(&self.wanted[1..]).filter(|(_, is)| **is);
        let mut versions = Versions::new(seen.map(|(state, _)| sequence(state)));
        let names: Vec<u32> = std::iter::once(UNSEEN)
            .chain((1..).take(self.states.len()).map(|state| versions.find(sequence(state))))
            .collect();
        for symbol in &self.symbols {
            versions.add(M::appends(symbol.operation).unwrap_or_default());
        }
        self.rename(|state| names[state as usize]);
        self.known = Known::Versions(versions);
    }

    fn rename(&mut self, mut new: impl FnMut(u32) -> u32) {
        for op in &mut self.ops {
            op.rule = op.rule.renamed(&mut new);
        }
        self.initial = new(self.initial);
    }

    /// Where a symbol leads from a state; `None` if it can not give its reply there.
    pub(super) fn ask(&mut self, state: u32, symbol: u32) -> Option<u32> {
        let what = &self.symbols[symbol as usize];
        if state == UNSEEN {
            return what.is_legal.then_some(UNSEEN);
        }
        if let Known::Versions(versions) = &mut self.known {
            return Some(versions.append(state, symbol));
        }
        if let Some(known) = self.memo.get(state, symbol) {
            return known.checked_sub(1);
        }
        let to = self.apply(state, symbol);
        self.memo.insert(state, symbol, to.map_or(0, |to| to + 1));
        to
    }

    fn apply(&mut self, state: u32, symbol: u32) -> Option<u32> {
        let what = &self.symbols[symbol as usize];
        let (after, given) = M::apply(self.states.get(state - 1), what.operation);
        if what.reply.is_some_and(|must| *must != given) {
            return None;
        }
        if !self.is_closed() {
            return Some(self.number(after));
        }
        let number = self.states.find(&after).map_or(UNSEEN, |number| number + 1);
        Some(if self.wanted[number as usize] { number } else { UNSEEN })
    }
}
