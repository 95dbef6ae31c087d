//! The operator: the first client carries out the plan of an administrator.
//!
//! ```text
//!   client1  at 5s --ChangeMembers--.                .--ChangeMembers--.            .--> next step
//!   n1       ......................*--AdminRedirect--'                 |            |
//!   n2 (leader) .......................................................*--commit, AdminDone
//! ```
//!
//! The steps are done one after the other. Each is asked for again and again until a leader says that
//! it is done, or until the next one is due. Asking twice does no harm: a step says what shall be, not
//! what is to be changed. So an operator that crashed simply asks again for the step that was due last.

use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;

use super::client::server_after;
use crate::parts::configuration::Members;
use crate::parts::machine::Machine;
use crate::raft::plan::Order;
use crate::raft::{Fx, Message, Role, Timer};

/// What the operator remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Operator {
    /// The step it waits for or asks for, from 0.
    step: u64,
    /// The server it takes for the leader.
    leader: NodeId,
    /// Whether that server was asked and has not answered.
    asked: bool,
}

impl Operator {
    /// The first client is the operator, if there is a plan.
    pub(super) fn boot<M: Machine>(leader: NodeId, fx: &mut Fx<'_, M>) -> Option<Operator> {
        let is_first = fx.all(Role::Client).next() == Some(fx.me());
        if fx.config().plan.is_empty() || !is_first {
            return None;
        }
        let mut operator = Operator { step: 0, leader, asked: false };
        operator.skip_overdue(fx);
        operator.wait(fx);
        Some(operator)
    }

    /// Gives up the steps whose successor is due.
    fn skip_overdue<M: Machine>(&mut self, fx: &Fx<'_, M>) {
        let later = (0u64..).zip(&fx.config().plan).filter(|(_, step)| step.at.0 <= fx.now().0);
        let latest = later.map(|(number, _)| number).max().unwrap_or(0);
        if latest > self.step {
            (self.step, self.asked) = (latest, false);
        }
    }

    /// Sets the timer for the step that comes next.
    fn wait<M: Machine>(&self, fx: &mut Fx<'_, M>) {
        if let Some(step) = place(self.step).and_then(|place| fx.config().plan.get(place)) {
            fx.arm(Timer::Plan, Span(step.at.0.saturating_sub(fx.now().0)));
        }
    }

    /// The step is due, or it is time to ask again, another server if one kept silent.
    pub(super) fn on_timer<M: Machine>(&mut self, fx: &mut Fx<'_, M>) {
        self.skip_overdue(fx);
        let Some(step) = place(self.step).and_then(|place| fx.config().plan.get(place)) else {
            return;
        };
        let exists = |node: NodeId| fx.all(Role::Server).any(|server| server == node);
        let Some(order) = step.order(exists) else { return self.proceed(fx) };
        if self.asked {
            self.leader = server_after(self.leader, fx);
        }
        self.asked = true;
        let step = self.step;
        let question = match order {
            Order::Members(nodes) => Message::ChangeMembers { step, members: Members::of(nodes) },
            Order::Transfer(to) => Message::TransferLeadership { step, to },
        };
        fx.send(self.leader, question);
        fx.arm(Timer::Plan, fx.config().request_timeout);
    }

    /// The server asked is no leader: it may know who is.
    pub(super) fn on_redirect<M: Machine>(
        &mut self,
        from: NodeId,
        step: u64,
        leader: Option<NodeId>,
        fx: &mut Fx<'_, M>,
    ) {
        if step != self.step || from != self.leader || !self.asked {
            return; // a late answer
        }
        self.asked = false;
        self.leader = leader.unwrap_or_else(|| server_after(from, fx));
        fx.arm(Timer::Plan, fx.config().redirect_backoff);
    }

    /// The step is done.
    pub(super) fn on_done<M: Machine>(&mut self, from: NodeId, step: u64, fx: &mut Fx<'_, M>) {
        if step == self.step {
            self.leader = from;
            self.proceed(fx);
        }
    }

    fn proceed<M: Machine>(&mut self, fx: &mut Fx<'_, M>) {
        self.step += 1;
        self.asked = false;
        fx.disarm(Timer::Plan);
        self.wait(fx);
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("plan_steps_done", self.step);
    }
}

fn place(step: u64) -> Option<usize> {
    usize::try_from(step).ok()
}
