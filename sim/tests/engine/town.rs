//! A town that is never quiet: servers gossip, keep a log and lead in turn; clients ask any server
//! and ask again until they are answered. Everything that draws, waits or holds is used.

use std::collections::BTreeSet;

use rehearsal_sim::bug::NoBugs;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{Boot, Input, Message, NoConfig, NodeId, Protocol, Standing};
use rehearsal_sim::time::Span;

use crate::puppet::{Registers, Role};

pub(crate) const TOWN: Entry = Entry::of::<Town>();

#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    /// A rumour, told so many times more.
    Rumour(u32),
    Ask(CallId),
    Answer(CallId),
}
kinds!(Word { Rumour, Ask, Answer });
impl Message for Word {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bell {
    Morning,
    Patience,
}
kinds!(Bell { Morning, Patience });

/// Read by its `Debug` form only.
#[allow(dead_code)]
#[derive(Debug)]
pub(crate) enum News {
    Written(u64),
    Boots(usize),
}
kinds!(News { Written, Boots });

#[derive(Debug)]
pub(crate) struct Town {
    role: Role,
    log: u64,
    epoch: u64,
    leads: bool,
    pending: BTreeSet<CallId>,
}

type Fx<'a> = Effects<'a, Town>;

impl Protocol for Town {
    const NAME: &'static str = "town";
    const SUMMARY: &'static str = "is never quiet";
    const INVARIANTS: &'static [Invariant<News>] = &[];
    type Bug = NoBugs;
    type Config = NoConfig;
    type Role = Role;
    type Service = Registers;
    type Message = Word;
    type Timer = Bell;
    type Record = u64;
    type Event = News;

    fn boot(boot: Boot<'_, Town>, fx: &mut Fx<'_>) -> Town {
        fx.note(News::Boots(boot.disk.len()));
        let log = boot.disk.len() as u64;
        if boot.role == Role::Server {
            fx.arm(Bell::Morning, Span::ZERO..Span::millis(50));
            fx.send(fx.me(), Word::Rumour(1));
        }
        Town {
            role: boot.role,
            log,
            epoch: fx.incarnation(),
            leads: false,
            pending: BTreeSet::new(),
        }
    }

    fn step(&mut self, input: Input<Town>, fx: &mut Fx<'_>) {
        match input {
            Input::Timer(Bell::Morning) => {
                fx.arm(Bell::Morning, Span::millis(5)..Span::millis(40));
                self.leads = fx.pick(3) == 0;
                self.epoch += u64::from(self.leads);
                fx.gauge("epoch", i64::try_from(self.epoch).unwrap());
                self.tell(3, fx);
            }
            Input::Timer(Bell::Patience) => {
                let pending: Vec<CallId> = self.pending.iter().copied().collect();
                pending.into_iter().for_each(|call| self.ask(call, fx));
            }
            Input::Call { id, .. } => {
                self.pending.insert(id);
                self.ask(id, fx);
            }
            Input::WriteFailed { .. } => {}
            Input::Message { from, body } => self.hear(from, body, fx),
            Input::Refused { .. } => {}
        }
    }

    fn standing(&self) -> Standing {
        match (self.role, self.leads) {
            (Role::Client, _) => Standing::NONE,
            (_, true) => Standing { rank: "leader", epoch: self.epoch },
            (_, false) => Standing { rank: "follower", epoch: self.epoch },
        }
    }
}

impl Town {
    fn tell(&mut self, times: u32, fx: &mut Fx<'_>) {
        let servers: Vec<NodeId> = fx.all(Role::Server).collect();
        let whom = usize::try_from(fx.pick(servers.len() as u64)).unwrap();
        self.write(fx);
        fx.send_synced(servers[whom], Word::Rumour(times));
    }

    fn write(&mut self, fx: &mut Fx<'_>) {
        self.log += 1;
        if self.log > 50 {
            self.log = 2;
            fx.rewrite(vec![1, 2]);
        } else if fx.pick(9) == 0 {
            self.log = self.log.min(5);
            fx.truncate(usize::try_from(self.log).unwrap());
        } else {
            fx.append(self.log);
        }
        fx.note_synced(News::Written(self.log));
        fx.count("writes", 1);
    }

    fn ask(&mut self, call: CallId, fx: &mut Fx<'_>) {
        let servers: Vec<NodeId> = fx.all(Role::Server).collect();
        let Some(last) = servers.len().checked_sub(1) else {
            self.pending.remove(&call);
            fx.reply(call, 0);
            return;
        };
        let whom = usize::try_from(fx.pick(last as u64 + 1)).unwrap();
        fx.send(servers[whom], Word::Ask(call));
        fx.arm(Bell::Patience, Span::millis(20)..Span::millis(60));
    }

    fn hear(&mut self, from: NodeId, word: Word, fx: &mut Fx<'_>) {
        match word {
            Word::Rumour(0) => fx.disarm(Bell::Patience),
            Word::Rumour(times) => self.tell(times - 1, fx),
            Word::Ask(call) => {
                self.write(fx);
                fx.send_synced(from, Word::Answer(call));
            }
            Word::Answer(call) => {
                if self.pending.remove(&call) {
                    fx.reply(call, 7);
                }
                if self.pending.is_empty() {
                    fx.disarm(Bell::Patience);
                }
            }
        }
    }
}
