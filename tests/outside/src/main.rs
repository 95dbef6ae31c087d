//! Every verb of `rehearsal`, for the register and for the protocols that are built in.

use rehearsal::protocols::catalog::CATALOG as BUILT_IN;
use rehearsal_outside::OWN;

fn main() {
    rehearsal::cli::main(&[OWN, BUILT_IN].concat())
}
