//! A catalog with one protocol into which everything leaks that a simulation must keep out, one
//! switch each: what `run --twice` and the repeats of `sweep` have to catch.
//! `cargo run --example leaks -- run FILE --twice` knows every verb of `rehearsal`.

mod leaky;

fn main() {
    rehearsal::cli::main(&[leaky::ENTRY])
}
