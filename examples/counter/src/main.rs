//! Every verb of the command line, for the counter.

fn main() {
    rehearsal::cli::main(counter::OWN)
}
