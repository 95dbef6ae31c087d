//! Transactions: lists that are appended to, and registers that are overwritten.

use rehearsal_sim::check::transactions::{
    self, Demand, Judgement, Level, Micro, Transaction, Transactions,
};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::Outcome;

use super::{Case, Finding, in_order};
use crate::formats::judge::catalog::Model;
use crate::formats::{Ending, Operation, ReadError, Value};

impl Case<'_> {
    /// Judges list-append or rw-register.
    pub(super) fn transactions(&mut self) -> Result<Finding, ReadError> {
        let history = self.transactions_history()?;
        let has_real_time = self.recorded.has_real_time;
        let level = self.question.level.unwrap_or(match has_real_time {
            true => Level::StrictSerializable,
            false => Level::StrongSessionSerializable,
        });
        let demand = Demand { level, has_real_time };
        let judgement = match self.model {
            Model::ListAppend => transactions::list_append(&history, demand),
            _ => transactions::rw_register(&history, demand),
        };
        let keys = history.calls.iter().flat_map(|call| call.operation.iter().map(Micro::key));
        let mut keys: Vec<u64> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        self.remark_on(&judgement, level);
        let mut finding = self.finding(judgement.verdict, &history, keys.len());
        finding.demand = level.name().to_owned();
        Ok(finding)
    }

    pub(super) fn transactions_history(&mut self) -> Result<Transactions, ReadError> {
        let recorded = self.recorded;
        let mut calls: Vec<Call<Transaction, Transaction>> = Vec::new();
        for operation in &recorded.operations {
            let asked = self.transaction(operation, &operation.argument)?;
            let outcome = match &operation.ending {
                Ending::Ok(value) => Outcome::Ok(self.transaction(operation, value)?),
                Ending::Failed(_) => Outcome::Failed,
                Ending::Unknown => Outcome::Unknown,
            };
            let call = self.call(calls.len(), operation, asked, outcome);
            calls.push(call);
        }
        Ok(in_order(calls))
    }

    /// Says which anomalies there are beside the one that is explained.
    fn remark_on(&mut self, judgement: &Judgement, level: Level) {
        let names = |forbidden: bool| {
            let these = judgement.findings.iter();
            let these = these.filter(|found| level.forbids(found.anomaly) == forbidden);
            let mut names: Vec<String> = these.map(|found| found.anomaly.name()).collect();
            names.dedup();
            names.join(", ")
        };
        let (forbidden, allowed) = (names(true), names(false));
        if !forbidden.is_empty() {
            self.notes.push(format!("anomalies that {} forbids: {forbidden}", level.name()));
        }
        if !allowed.is_empty() {
            self.notes.push(format!("anomalies that {} allows: {allowed}", level.name()));
        }
    }

    fn transaction(
        &mut self,
        operation: &Operation,
        value: &Value,
    ) -> Result<Transaction, ReadError> {
        let Some(steps) = value.items() else {
            let what = "a transaction is a list of steps, and this is none";
            return Err(self.meaningless(operation, what));
        };
        steps.iter().map(|step| self.micro(operation, step)).collect()
    }

    /// `[:r 3 nil]`, `[:append 3 7]`, `[:w 3 7]`.
    fn micro(&mut self, operation: &Operation, step: &Value) -> Result<Micro, ReadError> {
        let wrong = |case: &Self, what: &str| {
            let shown = super::super::source::shown(&step.edn());
            case.meaningless(operation, format!("{what}: `{shown}`"))
        };
        let (name, key, value) = match step.items() {
            Some([name, key, value]) => (name, key, value),
            Some([name, key]) => (name, key, &Value::Nil),
            _ => return Err(wrong(self, "this step of a transaction has not three parts")),
        };
        let lists = self.model == Model::ListAppend;
        let key = self.names.number(key);
        match name.name() {
            Some("r" | "read") if lists => {
                let values = match (value, value.items()) {
                    (Value::Nil, _) => None,
                    (_, Some(items)) => {
                        Some(items.iter().map(|item| self.names.number(item)).collect())
                    }
                    _ => return Err(wrong(self, "this read of a list got no list")),
                };
                Ok(Micro::ReadList { key, values })
            }
            Some("r" | "read") => {
                let value = (!value.is_nil()).then(|| self.names.number(value));
                Ok(Micro::Read { key, value })
            }
            Some("append") if lists && !value.is_nil() => {
                Ok(Micro::Append { key, value: self.names.number(value) })
            }
            Some("w" | "write") if !lists && !value.is_nil() => {
                Ok(Micro::Write { key, value: self.names.number(value) })
            }
            _ => Err(wrong(self, "there is no such step in this model")),
        }
    }
}
