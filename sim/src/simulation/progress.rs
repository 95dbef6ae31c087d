//! Progress: whether operations wait in vain, and whether they should.

use super::Simulation;
use super::ledger::{Row, Status};
use crate::protocol::{NodeId, Protocol, Reach};
use crate::time::{SimTime, Span};

/// How long operations may wait without any success, after the last fault ended, before the cluster
/// counts as stuck.
pub(super) const DEADLINE: Span = Span::secs(5);

/// How much later an operation must have been called, and have succeeded, for one that still waits
/// to count as forgotten. Overload alone does not do that: it delays everybody alike.
const OVERTAKEN: Span = Span::secs(10);

/// How long an operation that is open at the end must have waited to count as unanswered.
pub(super) const UNANSWERED: Span = Span::secs(1);

/// What operations that wait at the end are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Fine,
    /// Operations wait, and the run ended before it could be said whether in vain.
    TooEarly(String),
    /// Rightly so: the sentence names the missing quorum, or the fault that lasts.
    LegallyStuck(String),
    /// With everything it needs, the cluster does nothing.
    Stuck(String),
}

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn progress(&self) -> Progress {
        let world = &self.world;
        if self.stopped {
            return Progress::Fine;
        }
        let rows = &world.ledger.rows;
        let open = || rows.iter().filter(|row| row.status == Status::Open);
        let succeeded = || rows.iter().filter(|row| row.status == Status::Ok);
        let Some(waiting_since) = open().map(|row| row.called).min() else { return Progress::Fine };
        let last_success = succeeded().map(|row| row.ended).max().unwrap_or(SimTime::ZERO);
        let quiet_since = waiting_since.max(last_success);
        if world.now.since(quiet_since) < UNANSWERED {
            return self.forgotten(succeeded().map(|row| row.called).max());
        }
        let waiting =
            format!("{} operations wait and none succeeded since {quiet_since}", open().count());
        if let Some(quorum) = self.missing_quorum() {
            return Progress::LegallyStuck(format!("{waiting}: {quorum}"));
        }
        if let Some(fault) = self.lasting_fault() {
            return Progress::LegallyStuck(format!("{waiting}, while a fault lasts: {fault}"));
        }
        let judged_for = world.now.since(quiet_since.max(world.last_fault_end));
        if judged_for < DEADLINE {
            return Progress::TooEarly(format!(
                "{waiting}; the run ended {judged_for} after the last fault or success, and \
                 {DEADLINE} are needed to judge"
            ));
        }
        Progress::Stuck(waiting)
    }

    /// Looks for operations that wait while others, called much later, have succeeded.
    fn forgotten(&self, last_called_success: Option<SimTime>) -> Progress {
        let world = &self.world;
        let since = |row: &Row| row.called.max(world.last_fault_end);
        let overtaken = |row: &&Row| {
            let client = &self.nodes[row.client.index()];
            row.status == Status::Open
                && client.is_up()
                && client.paused.is_none()
                && last_called_success.is_some_and(|called| {
                    called >= since(row) && called.since(since(row)) >= OVERTAKEN
                })
        };
        let forgotten = world.ledger.rows.iter().filter(overtaken);
        let (count, first) = forgotten.fold((0u64, None), |(count, first), row| {
            (count + 1, first.or(Some((row.client, row.called))))
        });
        match (first, self.lasting_fault()) {
            (Some((client, called)), None) => Progress::Stuck(format!(
                "{count} operations wait, the first on {} since {called}, while others that were \
                 called more than {OVERTAKEN} later succeeded",
                world.name(client)
            )),
            _ => Progress::Fine,
        }
    }

    /// A fault that still lasts at the end and may be the reason. It is named, so that everybody can
    /// judge for themselves whether it is.
    fn lasting_fault(&self) -> Option<String> {
        let hinders = [
            "partition",
            "one-way",
            "bridge",
            "ring",
            "cut",
            "pause",
            "loss",
            "latency",
            "burst",
            "corrupt",
            "bandwidth",
            "clog",
            "swizzle",
            "slow",
            "crash-loop",
            "clock-drift",
            "clock-offset",
            "clock-freeze",
            "disk-stall",
            "disk-slow",
            "disk-full",
            "write-error",
            "read-error",
        ];
        let mut bands = self.world.bands.iter();
        let lasting =
            bands.find(|band| band.to_ns.is_none() && hinders.contains(&band.kind.as_str()))?;
        Some(format!("{} {}", lasting.kind, lasting.label))
    }

    fn missing_quorum(&self) -> Option<String> {
        let runs = |id: NodeId| {
            let node = &self.nodes[id.index()];
            node.is_up() && node.paused.is_none()
        };
        P::missing_quorum(&Reach {
            roles: &self.roles,
            config: self.config,
            up: &runs,
            standing: &|id| self.nodes[id.index()].standing,
            passes: &|a, b| self.world.network.reaches(a, b),
        })
    }
}
