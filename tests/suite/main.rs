//! Tests of the repository as a whole: properties over random rehearsals, determinism, the bundled
//! scenarios, the scripts, and the house rules.
//!
//! What is generated or golden is compared here and written anew with `REHEARSAL_REWRITE=1`.

mod architecture;
mod determinism;
mod docs;
mod hunt;
mod properties;
mod rehearsals;
mod scenarios;
mod scripts;
mod shrink;
mod support;
mod swarm;
mod traces;
