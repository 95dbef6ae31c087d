//! What well-written scenarios mean.

use rehearsal_sim::law::{KeyLaw, Law, Part, Quantile};
use rehearsal_sim::plan::{
    Clock, Damage, DiskFault, Expect, Fault, LinkRule, Load, Order, Processor, Target, When,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::skew::{Drift, Offset, Skew};
use rehearsal_sim::time::{SimTime, Span};

use crate::catalog::{RaftConfig, SMALL, good, wrong};

fn nodes(ids: &[u32]) -> Target {
    Target::Nodes(ids.iter().copied().map(NodeId).collect())
}

fn chance(p: f64) -> Chance {
    Chance::from_f64(p).unwrap()
}

fn with(text: &str) -> String {
    format!("{SMALL}{text}")
}

fn fault(text: &str) -> Fault {
    let loaded = good(&with(&format!("[[fault]]\nat = \"5s\"\n{text}\n")));
    loaded.plan.faults[0].fault.clone()
}

#[test]
fn a_small_scenario_gets_every_default() {
    let loaded = good(SMALL);
    let plan = &loaded.plan;
    assert_eq!((plan.title.as_str(), plan.scenario.as_str()), ("test.toml", "test.toml"));
    assert_eq!((plan.seed, plan.duration), (1, Span::secs(20)));
    let names: Vec<&str> = plan.nodes.iter().map(|node| node.name.as_str()).collect();
    let expected = ["n1", "n2", "n3", "n4", "n5", "client1", "client2", "client3", "client4"];
    assert_eq!(names, expected);
    assert_eq!(plan.nodes[5].role, 1);
    assert_eq!(plan.network.latency, Law::Constant(Span::millis(1)));
    assert_eq!((plan.network.loss, plan.network.duplicate), (Chance::NEVER, Chance::NEVER));
    assert_eq!(plan.network.order, Order::Reordering);
    assert_eq!(plan.disk.sync_latency, Law::Constant(Span::micros(200)));
    assert_eq!((plan.disk.survives, plan.disk.torn), (Chance::NEVER, Chance::NEVER));
    assert_eq!((plan.disk.capacity, plan.supervisor.restart_after), (None, None));
    assert_eq!(plan.workload, None);
    assert!(plan.faults.is_empty() && plan.expectations.is_empty() && plan.bugs.is_empty());
    assert_eq!(plan.config.0.downcast_ref::<RaftConfig>(), Some(&RaftConfig::default()));
    assert!(loaded.remarks.is_empty());
    assert_eq!(loaded.text, SMALL);
}

#[test]
fn a_node_differs_key_by_key() {
    let loaded = good(&with(
        r#"
        [processor]
        step = "50us"
        queue = 100
        [clock]
        offset = "-5ms..5ms"
        drift = "200ppm"
        [disk]
        sync_latency = "1ms"
        [node.n3.processor]
        step = { exponential = { mean = "2ms" } }
        cold_start = "200ms"
        [node.client1]
        clock = { drift = "-200ppm..100ppm" }
        disk = { sync_latency = "9ms" }
        "#,
    ));
    let plan = &loaded.plan;
    let step = |law| Processor { step: Some(law), queue: Some(100), cold_start: None };
    let all = step(Law::Constant(Span::micros(50)));
    assert_eq!(plan.processor, all);
    let offset = Skew { lo: Offset(-5_000_000), hi: Offset(5_000_000) };
    assert_eq!(plan.clock, Clock { offset, drift: Skew::fixed(Drift(200)) });
    let (n2, n3, client) = (&plan.nodes[1], &plan.nodes[2], &plan.nodes[5]);
    assert_eq!((&n2.processor, n2.clock, &n2.disk), (&None, None, &None));
    let own = Processor {
        cold_start: Some(Law::Constant(Span::millis(200))),
        ..step(Law::Exponential { mean: Span::millis(2) })
    };
    assert_eq!((n3.processor.as_ref(), n3.clock), (Some(&own), None));
    let drift = Skew { lo: Drift(-200), hi: Drift(100) };
    assert_eq!((client.name.as_str(), client.clock), ("client1", Some(Clock { offset, drift })));
    let disk = client.disk.as_ref().map(|disk| &disk.sync_latency);
    assert_eq!(disk, Some(&Law::Constant(Span::millis(9))));
}

#[test]
fn the_scenario_of_the_readme_means_what_it_says() {
    let loaded = good(
        r#"
        title = "Raft: the leader crashes and comes back"
        protocol = "raft"
        duration = "20s"
        seed = 18446744073709551615
        bug = ["bug:E4", "commit-old-term"]
        [cluster]
        servers = 3
        clients = 2
        [raft]
        election_timeout = "150ms..400ms"
        [network]
        latency = { lognormal = { median = "1ms", p99 = "8ms" } }
        loss = 0.001
        order = "fifo"
        [workload]
        rate = "500/s"
        keys = { zipf = { count = 100, exponent = 0.99 } }
        mix = { get = 0.5, put = 0.4, cas = 0.1 }
        stop = "18s"
        [[fault]]
        at = "5s"
        crash = "leader"
        restart_after = "3s"
        [[expect]]
        linearizable = true
        "#,
    );
    let plan = &loaded.plan;
    assert_eq!((plan.seed, plan.bugs.as_slice()), (u64::MAX, [0, 1].as_slice()));
    assert_eq!(plan.network.order, Order::Fifo);
    assert_eq!(plan.network.loss, chance(0.001));
    let config = plan.config.0.downcast_ref::<RaftConfig>().unwrap();
    assert_eq!(config.election_timeout.hi, Span::millis(400));
    let workload = plan.workload.as_ref().unwrap();
    let gap = Law::Exponential { mean: Span::millis(2) };
    assert_eq!(workload.load, Load::Open { gap });
    assert_eq!(workload.keys, KeyLaw::Zipf { count: 100, exponent: 0.99 });
    assert_eq!(workload.mix, [(0, 5), (1, 4), (2, 1)]);
    let end = SimTime(Span::secs(18).0);
    assert_eq!((workload.start, workload.stop), (SimTime::ZERO, Some(end)));
    let fault = &plan.faults[0];
    assert_eq!(fault.fault, Fault::Crash(Target::Leader));
    assert_eq!(
        (fault.when.clone(), fault.lasts),
        (When::At(SimTime(5_000_000_000)), Some(Span::secs(3)))
    );
}

#[test]
fn faults_of_processors_clocks_and_timers() {
    let step = Law::Constant(Span::millis(5));
    let leader = || Target::Leader;
    let slow = fault("slow = { nodes = \"leader\", step = \"5ms\" }");
    assert_eq!(slow, Fault::Slow { nodes: leader(), step: step.clone() });
    let turns = fault(
        "crash_loop = { nodes = [\"n1\"], up = { exponential = { mean = \"1s\" } }, down = \"5ms\" }",
    );
    let up = Law::Exponential { mean: Span::secs(1) };
    assert_eq!(turns, Fault::CrashLoop { nodes: nodes(&[0]), up, down: step });
    let jump = fault("clock_jump = { nodes = \"servers\", by = \"-5s\" }");
    let by = Offset(-5_000_000_000);
    assert_eq!(jump, Fault::ClockJump { nodes: nodes(&[0, 1, 2, 3, 4]), by });
    let shift = fault("clock_offset = { nodes = \"leader\", by = \"-5s\" }\nfor = \"1s\"");
    assert_eq!(shift, Fault::ClockOffset { nodes: leader(), by });
    let drift = fault("clock_drift = { nodes = \"leader\", by = \"-500ppm\" }");
    assert_eq!(drift, Fault::ClockDrift { nodes: leader(), by: Drift(-500) });
    assert_eq!(fault("clock_freeze = \"any\""), Fault::ClockFreeze(Target::Any));
    let fire = fault("fire = { nodes = \"followers\", timer = \"Election\" }");
    assert_eq!(fire, Fault::Fire { nodes: Target::Followers, timer: 0 });
}

#[test]
fn every_kind_of_fault() {
    assert_eq!(fault("crash = \"n3\""), Fault::Crash(nodes(&[2])));
    assert_eq!(fault("crash = [\"n3\", \"n1\"]"), Fault::Crash(nodes(&[2, 0])));
    assert_eq!(fault("crash = \"servers\""), Fault::Crash(nodes(&[0, 1, 2, 3, 4])));
    assert_eq!(fault("restart = \"servers\""), Fault::Restart(nodes(&[0, 1, 2, 3, 4])));
    assert_eq!(fault("pause = \"followers\""), Fault::Pause(Target::Followers));
    assert_eq!(fault("pause = [\"leader\"]"), Fault::Pause(Target::Leader));
    assert_eq!(
        fault("partition = [[\"n1\", \"leader\"], [\"n2\", \"clients\"]]"),
        Fault::Partition(vec![vec![nodes(&[0]), Target::Leader], vec![nodes(&[1, 5, 6, 7, 8])],])
    );
    assert_eq!(
        fault("one_way = { from = \"leader\", to = [\"n1\", \"n2\"] }"),
        Fault::OneWay { from: Target::Leader, to: nodes(&[0, 1]) }
    );
    let cut = |a, b| Fault::Partition(vec![vec![a], vec![b]]);
    assert_eq!(fault("isolate = \"n2\""), cut(nodes(&[1]), nodes(&[0, 2, 3, 4])));
    assert_eq!(fault("isolate = \"client1\""), cut(nodes(&[5]), nodes(&[0, 1, 2, 3, 4])));
    assert_eq!(fault("isolate = \"leader\""), cut(Target::Leader, Target::Followers));
    assert_eq!(fault("loss = 0.2"), Fault::Loss(chance(0.2)));
    assert_eq!(fault("latency = \"80ms\""), Fault::Latency(Law::Constant(Span::millis(80))));
}

#[test]
fn every_kind_of_disk_fault() {
    let of = |text: &str, target: Target, meaning: DiskFault| {
        assert_eq!(fault(text), Fault::Disk { target, fault: meaning }, "{text}");
    };
    let n1 = || nodes(&[0]);
    of("disk_stall = \"n1\"", n1(), DiskFault::Stall);
    let slow = DiskFault::Slow(Law::Constant(Span::millis(50)));
    of("disk_slow = { nodes = \"leader\", sync_latency = \"50ms\" }", Target::Leader, slow);
    of("disk_full = \"any\"", Target::Any, DiskFault::Full);
    of("write_error = [\"n1\", \"n2\"]", nodes(&[0, 1]), DiskFault::WriteError);
    of("read_error = \"n1\"", n1(), DiskFault::ReadError);
    of("bit_rot = { nodes = \"n1\" }", n1(), DiskFault::BitRot { records: 1 });
    let two = DiskFault::BitRot { records: 2 };
    of("bit_rot = { nodes = \"minority\", records = 2 }", Target::Minority, two);
    of("misdirected_write = \"n1\"", n1(), DiskFault::MisdirectedWrite);
    of("wipe = \"n1\"", n1(), DiskFault::Wipe);
    let loaded = good(&with("[disk]\ndamage = \"beyond_budget\"\n"));
    assert_eq!(loaded.plan.disk.damage, Damage::BeyondBudget);
    let loaded = good(&with("[[fault]]\nat = \"1s\"\nwipe = \"n1\"\nrestart_after = \"2s\"\n"));
    assert_eq!(loaded.plan.faults[0].lasts, Some(Span::secs(2)));
}

#[test]
fn every_kind_of_expectation() {
    let expect = |text: &str| {
        let loaded = good(&with(&format!("[[expect]]\n{text}\n")));
        let expectation = loaded.plan.expectations[0].clone();
        (expectation.expect, expectation.text)
    };
    let written = |text: &str, meaning: Expect| assert_eq!(expect(text), (meaning, text.into()));
    written("linearizable = true", Expect::Linearizable);
    written("progress = true", Expect::Progress);
    written("election_safety = true", Expect::Holds("election_safety".into()));
    written("violates = \"log_matching\"", Expect::Violates("log_matching".into()));
    written("violates = \"panicked\"", Expect::Violates("panicked".into()));
    let latency = |one_in| Expect::LatencyAtMost { one_in, bound: Span::millis(20) };
    written("p50_at_most = \"20ms\"", latency(2));
    written("p90_at_most = \"20ms\"", latency(10));
    written("p99_at_most = \"20ms\"", latency(100));
    written("p999_at_most = \"20ms\"", latency(1000));
    let throughput = Expect::ThroughputAtLeast { operations: 450, per: Span::secs(1) };
    written("throughput_at_least = \"450/s\"", throughput);
    written("error_rate_at_most = 0.01", Expect::ErrorRateAtMost(chance(0.01)));
    written("unavailable_at_most = \"1s\"", Expect::UnavailableAtMost(Span::secs(1)));
    written("recovered_within = \"2s\"", Expect::RecoveredWithin(Span::secs(2)));
    written("leaders_at_most = 1", Expect::LeadersAtMost(1));
    let metric = Expect::Metric { name: "elections".into(), min: Some(2), max: None };
    written("metric.elections = { min = 2 }", metric);
}

#[test]
fn a_part_of_the_run_can_be_meant() {
    let loaded = good(&with("[[expect]]\nprogress  =  true\nduring = '5s..10s'\n"));
    let expectation = &loaded.plan.expectations[0];
    assert_eq!(expectation.text, "progress = true, during = \"5s..10s\"");
    let (from, to) = (SimTime(5_000_000_000), SimTime(10_000_000_000));
    assert_eq!(expectation.during, Some((from, to)));
}

#[test]
fn links_can_differ_in_one_or_both_directions() {
    let loaded = good(&with(
        "[[network.link]]\nfrom = \"n1\"\nto = [\"n2\", \"clients\"]\nloss = 0.5\n\
         [[network.link]]\nbetween = [\"n1\", \"n2\"]\nlatency = \"5ms\"\norder = \"fifo\"\n\
         [[network.link]]\nbetween = [\"servers\", \"servers\"]\nduplicate = 1\n",
    ));
    let ids = |ids: &[u32]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
    let plain = LinkRule {
        from: ids(&[0]),
        to: ids(&[1, 5, 6, 7, 8]),
        loss: Some(chance(0.5)),
        ..LinkRule::default()
    };
    let both = LinkRule {
        to: ids(&[1]),
        latency: Some(Law::Constant(Span::millis(5))),
        loss: None,
        order: Some(Order::Fifo),
        ..plain.clone()
    };
    let back = LinkRule { from: ids(&[1]), to: ids(&[0]), ..both.clone() };
    let links = &loaded.plan.network.links;
    assert_eq!(links[..3], [plain, both, back]);
    assert_eq!(links.len(), 4, "within a role both directions are the same links");
}

#[test]
fn closed_loops_have_a_user_for_each_client() {
    let load = |text: &str| {
        good(&with(&format!("[workload]\nthink = \"10ms\"\n{text}"))).plan.workload.unwrap().load
    };
    let think = Law::Constant(Span::millis(10));
    assert_eq!(load(""), Load::Closed { users: 4, think: think.clone() });
    assert_eq!(load("users = 50"), Load::Closed { users: 50, think });
    let even = good(&with("[workload]\nrate = \"30/m\"\narrivals = \"constant\"\n"));
    let gap = Law::Constant(Span::secs(2));
    let workload = even.plan.workload.unwrap();
    assert_eq!((workload.load, workload.mix), (Load::Open { gap }, vec![(0, 1), (1, 1), (2, 1)]));
}

/// Each law, as it is written and what it means.
fn laws() -> Vec<(&'static str, Law)> {
    let ms = Span::millis;
    let part = |share, law| Part { share: chance(share), law };
    let row = |up_to, span| Quantile { up_to: chance(up_to), span };
    vec![
        ("'2ms'", Law::Constant(ms(2))),
        ("{ constant = '2ms' }", Law::Constant(ms(2))),
        ("'1ms..9ms'", Law::Uniform { from: ms(1), to: ms(9) }),
        ("{ uniform = { from = '1ms', to = '9ms' } }", Law::Uniform { from: ms(1), to: ms(9) }),
        ("{ exponential = { mean = '5ms' } }", Law::Exponential { mean: ms(5) }),
        (
            "{ lognormal = { median = '1ms', p99 = '8ms' } }",
            Law::Lognormal { median: ms(1), p99: ms(8) },
        ),
        ("{ normal = { mean = '5ms', sd = '1ms' } }", Law::Normal { mean: ms(5), sd: ms(1) }),
        (
            "{ pareto = { shortest = '1ms', exponent = 1.5 } }",
            Law::Pareto { shortest: ms(1), exponent: 1.5 },
        ),
        ("{ weibull = { scale = '5ms', shape = 1 } }", Law::Weibull { scale: ms(5), shape: 1.0 }),
        (
            "{ mixture = [{ share = 0.9, law = '1ms' }, { share = 0.1, law = '2ms..9ms' }] }",
            Law::Mixture(vec![
                part(0.9, Law::Constant(ms(1))),
                part(0.1, Law::Uniform { from: ms(2), to: ms(9) }),
            ]),
        ),
        (
            "{ empirical = [[0.5, '1ms'], [1, '40ms']] }",
            Law::Empirical(vec![row(0.5, ms(1)), row(1.0, ms(40))]),
        ),
        ("{ samples = ['7ms', '1ms'] }", Law::Samples(vec![ms(7), ms(1)])),
    ]
}

/// Wherever one law can be written, all can.
#[test]
fn every_law_goes_everywhere() {
    for (written, law) in laws() {
        let plan = good(&with(&format!(
            "[network]\nlatency = {written}\n\
             [[network.link]]\nbetween = ['n1', 'n2']\nlatency = {written}\n\
             [disk]\nsync_latency = {written}\n\
             [workload]\nthink = {written}\n\
             [[fault]]\nat = '1s'\nfor = '1s'\nlatency = {written}\n\
             [[fault]]\nevery = {written}\ncrash = 'n1'\n\
             [[fault]]\non = {{ rank = 'leader' }}\nafter = {written}\ncrash = 'leader'\n"
        )))
        .plan;
        let found = |what, found: Option<&Law>| assert_eq!(found, Some(&law), "{what}");
        found("network", Some(&plan.network.latency));
        found("link", plan.network.links[0].latency.as_ref());
        found("disk", Some(&plan.disk.sync_latency));
        match &plan.workload.unwrap().load {
            Load::Closed { think, .. } => found("think", Some(think)),
            Load::Open { .. } => panic!("a closed loop"),
        }
        assert_eq!(plan.faults[0].fault, Fault::Latency(law.clone()));
        match &plan.faults[1].when {
            When::Every { gap, .. } => found("every", Some(gap)),
            when => panic!("{when:?}"),
        }
        match &plan.faults[2].when {
            When::On(trigger) => found("after", Some(&trigger.after)),
            when => panic!("{when:?}"),
        }
    }
}

/// What may have happened to a node by its rank or role is no contradiction.
#[test]
fn the_benefit_of_the_doubt() {
    let fine = [
        "at='1s'\ncrash='leader'|at='2s'\nrestart='n3'",
        "at='1s'\ncrash='n1'|at='2s'\ncrash='servers'",
        "at='1s'\ncrash='n1'\nrestart_after='1s'|at='2s'\ncrash='n1'",
        "at='9s'\nrestart='n1'|at='1s'\ncrash='n1'",
        "at='1s'\ncrash='n1'|at='2s'\nrestart='servers'|at='3s'\ncrash='n1'",
        "at='1s'\ncrash='n1'|at='2s'\npause='servers'",
    ];
    let text =
        |faults: &str| with(&format!("[[fault]]\n{}\n", faults.replace('|', "\n[[fault]]\n")));
    for faults in fine {
        assert!(good(&text(faults)).remarks.is_empty(), "{faults}");
    }
    let down = wrong(&text("at='1s'\ncrash='servers'|at='2s'\ncrash='n4'"));
    assert!(down.contains("`n4` is already down at 2s"), "{down}");
}

#[test]
fn a_year_is_long_and_ten_are_too_long() {
    good("protocol = \"raft\"\nduration = \"365d\"\n");
    assert!(wrong("protocol = \"raft\"\nduration = \"3651d\"\n").contains("10 years"));
}

#[test]
fn a_protocol_without_calls_needs_no_workload() {
    let loaded = good("protocol = \"gossip\"\nduration = \"1m\"\n[cluster]\npeers = 1000\n");
    assert_eq!(loaded.plan.nodes[999].name, "n1000");
}
