//! The `rehearsal` command.

fn main() {
    rehearsal::cli::main(rehearsal::protocols::catalog::CATALOG)
}
