//! The auditor: collects until two collections in a row are the same and the bank was quiet.

use std::collections::BTreeMap;

use rehearsal_sim::history::CallId;
use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;

use super::{Bug, Fx, Message, Reply, Sheet, Timer};
use crate::parts::patience;
use crate::parts::roles::Role;

/// A client's audits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Auditor {
    audits: BTreeMap<u64, Audit>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Audit {
    call: CallId,
    round: u64,
    sheets: BTreeMap<NodeId, Sheet>,
    /// The whole collection before, if there is one.
    before: Option<BTreeMap<NodeId, Sheet>>,
}

impl Auditor {
    pub(super) fn begin(&mut self, number: u64, call: CallId, fx: &mut Fx<'_>) {
        let audit = Audit { call, round: 0, sheets: BTreeMap::new(), before: None };
        self.audits.insert(number, audit);
        self.collect(number, fx);
    }

    pub(super) fn waiting(&self) -> usize {
        self.audits.len()
    }

    /// Begins a round.
    pub(super) fn collect(&mut self, number: u64, fx: &mut Fx<'_>) {
        let Some(audit) = self.audits.get_mut(&number) else { return };
        audit.round += 1;
        audit.sheets.clear();
        fx.count("audit_rounds", 1);
        for branch in fx.all(Role::Server) {
            fx.send(branch, Message::Collect { number, round: audit.round });
        }
        let tries = u32::try_from(audit.round).unwrap_or(u32::MAX);
        fx.arm(Timer::CollectAgain(number), patience::wait(fx.config().timeout, tries));
    }

    pub(super) fn on_sheet(
        &mut self,
        from: NodeId,
        (number, round): (u64, u64),
        sheet: Sheet,
        fx: &mut Fx<'_>,
    ) {
        let Some(audit) = self.audits.get_mut(&number) else { return };
        if audit.round != round {
            return;
        }
        audit.sheets.insert(from, sheet);
        if audit.sheets.len() < fx.all(Role::Server).count() {
            return;
        }
        let is_quiet = audit.sheets.values().all(|sheet| !sheet.is_busy);
        let is_same = audit.before.as_ref() == Some(&audit.sheets);
        if mutant!(fx, Bug::AuditReadsOnce, is_quiet && is_same, true) {
            let mut balances: Vec<(u64, u64)> =
                audit.sheets.values().flat_map(|sheet| sheet.balances.iter().copied()).collect();
            balances.sort();
            let balances = balances.into_iter().map(|(_, own)| own).collect();
            fx.disarm(Timer::CollectAgain(number));
            fx.reply(audit.call, Reply::Balances(balances));
            self.audits.remove(&number);
            return;
        }
        if audit.before.is_some() || !is_quiet {
            fx.count("audit_disturbed", 1);
        }
        audit.before = Some(std::mem::take(&mut audit.sheets));
        // While money is under way there is nothing to be had: the timer begins the next round.
        if is_quiet {
            self.collect(number, fx);
        }
    }
}
