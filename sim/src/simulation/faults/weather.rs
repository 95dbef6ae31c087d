//! Windows in which the network is worse than usual.

use super::Struck;
use crate::law::Law;
use crate::protocol::Protocol;
use crate::random::Chance;
use crate::simulation::Simulation;

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn lose(&mut self, strike: usize, chance: Chance) -> Struck {
        self.world.network.lose(strike, chance);
        self.world.count("loss_windows", 1);
        window("loss", format!("{} %", percent(chance)))
    }

    pub(super) fn delay(&mut self, strike: usize, law: &Law) -> Struck {
        let sampler = self.laws.faults[self.strikes[strike].fault].own[0].clone();
        self.world.network.delay(strike, sampler);
        self.world.count("latency_windows", 1);
        window("latency", law.to_string())
    }
}

fn window(kind: &'static str, label: String) -> Struck {
    Struck {
        begins: format!("the network changes: {kind} {label}"),
        ends: format!("the network is as before: no more {kind} {label}"),
        ..Struck::nodes(kind, label, Vec::new())
    }
}

/// A percentage with at most four decimals and no trailing zeros.
fn percent(chance: Chance) -> String {
    let text = format!("{:.4}", chance.to_f64() * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
