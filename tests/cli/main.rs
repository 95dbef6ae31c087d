//! The command line as its users meet it: the binary is started, and what it prints, writes and
//! returns is compared with its contract (exit codes, fields, folders).

mod check;
mod contract;
mod exit_codes;
mod failures;
#[cfg(unix)]
mod hunt;
mod interrupts;
mod leaks;
mod mistakes;
mod own_catalog;
mod pipes;
mod report;
mod results;
mod shells;
mod shrink;
mod support;
mod sweeps;
mod sweeps_go_on;
mod trace;
mod variants;
mod verbs;
