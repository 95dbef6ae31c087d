//! The engine's laws, tried from outside: plans go in, records come out.

mod disks;
mod draws;
mod expectations;
mod faults;
mod links;
mod machines;
mod network;
mod nodes;
mod panics;
mod plans;
mod puppet;
mod random_runs;
mod stage;
mod strikes;
mod timers;
mod town;
mod workload;
