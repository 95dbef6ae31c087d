//! Clocks that faults make wrong. They stay wrong whatever happens to the processes of their nodes.

use super::Struck;
use crate::plan::Target;
use crate::protocol::Protocol;
use crate::simulation::Simulation;
use crate::simulation::clock::Clocks;
use crate::skew::{Drift, Offset};

impl<P: Protocol> Simulation<'_, P> {
    /// Wall clocks jump, and stay where they are.
    pub(super) fn jump(&mut self, strike: usize, target: &Target, by: Offset) -> Option<Struck> {
        let struck = self.bend_all(strike, target, "clock-jump", &format!("by {by}"))?;
        self.each_clock(strike, |clocks| clocks.jump(by));
        Some(Struck { is_instant: true, ..struck })
    }

    /// Wall clocks are off for as long as the strike lasts.
    pub(super) fn shift(&mut self, strike: usize, target: &Target, by: Offset) -> Option<Struck> {
        let struck = self.bend_all(strike, target, "clock-offset", &format!("by {by}"))?;
        self.each_clock(strike, |clocks| clocks.jump(by));
        Some(struck)
    }

    pub(super) fn shift_back(&mut self, strike: usize, Offset(by): Offset) {
        self.each_clock(strike, |clocks| clocks.jump(Offset(-by)));
    }

    /// Wall clocks stand still.
    pub(super) fn freeze(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let struck = self.bend_all(strike, target, "clock-freeze", "stands still")?;
        let now = self.world.now;
        self.each_clock(strike, |clocks| clocks.hold(now));
        Some(struck)
    }

    pub(super) fn thaw(&mut self, strike: usize) {
        self.each_clock(strike, Clocks::let_go);
    }

    /// Both clocks of nodes run faster or slower, and with them their timers.
    pub(super) fn drift(&mut self, strike: usize, target: &Target, by: Drift) -> Option<Struck> {
        let struck = self.bend_all(strike, target, "clock-drift", &format!("by {by}"))?;
        self.run_faster(strike, by);
        Some(struck)
    }

    pub(super) fn drift_back(&mut self, strike: usize, Drift(by): Drift) {
        self.run_faster(strike, Drift(-by));
    }

    fn run_faster(&mut self, strike: usize, by: Drift) {
        let now = self.world.now;
        for id in self.strikes[strike].marks.clone() {
            let node = &mut self.nodes[id.index()];
            let ran = node.ran(now);
            node.clocks().bend(ran, now, by);
            // Those of a node that stands still are scheduled when it goes on.
            if node.paused.is_none() {
                self.unschedule_timers(id);
                self.schedule_timers(id);
            }
        }
    }

    /// Marks the nodes whose clocks a strike bends.
    fn bend_all(
        &mut self,
        strike: usize,
        target: &Target,
        kind: &'static str,
        how: &str,
    ) -> Option<Struck> {
        let nodes = self.resolve(target, strike, &mut self.choices(strike));
        self.world.count("clock_faults", 1);
        self.mark(strike, kind, &format!("the clock of {{}} is wrong: {how}"), how, nodes)
    }

    fn each_clock(&mut self, strike: usize, mut change: impl FnMut(&mut Clocks)) {
        for id in self.strikes[strike].marks.clone() {
            change(self.nodes[id.index()].clocks());
        }
    }
}
