//! The engine's laws, tried from outside: plans go in, records come out.

mod beacon;
mod disk_faults;
mod disks;
mod draws;
mod expectations;
mod faults;
mod identities;
mod links;
mod machines;
mod network;
mod nodes;
mod panics;
mod plans;
mod puppet;
mod random_runs;
mod stage;
mod statistics;
mod strikes;
mod theory;
mod timers;
mod town;
mod workload;
