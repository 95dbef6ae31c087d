//! The command line: one file per subcommand.
//!
//! Results go to stdout, everything else to stderr. The exit codes are part of the contract:
//! see [`Exit`].

mod check;
mod compare;
mod completions;
mod exec;
mod hunt;
mod interrupt;
mod list;
mod man;
mod new;
pub(crate) mod options;
pub(crate) mod print;
mod progress;
mod report;
mod results;
pub(crate) mod run;
mod say;
mod schema;
mod script;
mod shrink;
mod stored;
mod survey;
mod sweep;
mod trace;
pub(crate) mod twice;
mod variants;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rehearsal_sim::catalog::Entry;

/// How a command ended. The numbers are part of the contract of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All held.
    Held = 0,
    /// A property or expectation was violated, a protocol panicked, or runs were not deterministic.
    Violated = 1,
    /// Wrong usage or invalid input.
    Usage = 2,
    /// Something could not be judged.
    Inconclusive = 3,
    /// We panicked ourselves.
    OwnPanic = 101,
    /// Interrupted.
    Interrupted = 130,
}

const AFTER_HELP: &str = "\
First steps: `list scenarios` shows what is built in, `run SCENARIO` rehearses one and writes a page
to look at, `new PROTOCOL` writes a scenario of your own to start from.

Exit codes: 0 all held; 1 a property or expectation was violated, or a protocol panicked;
2 wrong usage or invalid input; 3 inconclusive; 101 a bug in rehearsal itself; 130 interrupted.";

/// Rehearse the bad days of distributed systems: same scenario, same seed, same run.
#[derive(Parser, Debug)]
#[command(name = "rehearsal", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a scenario, or every point of its matrix: a verdict, numbers, and a page to look at
    Run(run::Args),
    /// Run a scenario with many seeds on all cores, and describe those that fail
    Sweep(sweep::Args),
    /// Make a failing seed smaller: the smallest scenario that still fails, and its story
    Shrink(shrink::Args),
    /// Compare two scenarios, or two settings of one, seed by seed
    Compare(compare::Args),
    /// Hunt planted bugs: which property catches each, after how many seeds, and what helps
    Hunt(hunt::Args),
    /// Judge histories from elsewhere: are they linearizable, serializable, ..?
    Check(check::Args),
    /// Drive single steps by hand, as a script says, and compare with what it recorded
    Script(script::Args),
    /// Show what happened in a run, step by step, or write it for other programs to draw
    Trace(trace::Args),
    /// Draw a run's page again from its record, or one page over a folder of runs
    Report(report::Args),
    /// List scenarios, protocols, properties, bugs, probes or script commands
    List(list::Args),
    /// Write a starter scenario for a protocol
    New(new::Args),
    /// Print the language of scenario files: a JSON schema for editors, or a reference
    Schema(schema::Args),
    /// Print completions for a shell: bash, zsh, fish and others
    Completions(completions::Args),
    /// Print the manual page, or write one for each subcommand
    Man(man::Args),
}

/// Runs the command line over a catalog of protocols, and exits.
///
/// `fn main() { rehearsal::cli::main(&[my::ENTRY]) }` gives one's own crate every verb.
pub fn main(catalog: &[Entry]) -> ! {
    let exit = run_args(catalog, std::env::args_os());
    std::process::exit(i32::from(exit as u8))
}

/// Runs the command line over arguments, the first of which is the program's name.
pub fn run_args(catalog: &[Entry], args: impl IntoIterator<Item = OsString>) -> Exit {
    exec::install_panic_hook();
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(called) = args.first() {
        options::remember_program(called);
    }
    let matches = match Cli::command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            let failed = error.use_stderr();
            // A closed pipe while printing help is nobody's error.
            let _ = error.print();
            return if failed { Exit::Usage } else { Exit::Held };
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return Exit::Usage;
        }
    };
    interrupt::install();
    match catch_unwind(AssertUnwindSafe(|| dispatch(catalog, &cli.command))) {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => failure.print(),
        Err(_) => {
            exec::print_own_panic(&exec::own_panic());
            Exit::OwnPanic
        }
    }
}

/// The command line as it is described to shells and manuals, under the name the user calls it by.
fn command() -> clap::Command {
    let name = options::program();
    Cli::command().name(name).bin_name(name).disable_help_subcommand(true)
}

fn dispatch(catalog: &[Entry], command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::main(catalog, args),
        Command::Sweep(args) => sweep::main(catalog, args),
        Command::Shrink(args) => shrink::main(catalog, args),
        Command::Compare(args) => compare::main(catalog, args),
        Command::Hunt(args) => hunt::main(catalog, args),
        Command::Check(args) => check::main(args),
        Command::Script(args) => script::main(catalog, args),
        Command::Trace(args) => trace::main(catalog, args),
        Command::Report(args) => report::main(args),
        Command::List(args) => list::main(catalog, args),
        Command::New(args) => new::main(catalog, args),
        Command::Schema(args) => schema::main(catalog, args),
        Command::Completions(args) => completions::main(args),
        Command::Man(args) => man::main(args),
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Diagnostics of a scenario, already rendered.
    Diagnosed(String),
    /// A sentence with a cure.
    Said {
        /// What is wrong.
        what: String,
        /// The cure.
        help: String,
    },
    /// We panicked ourselves.
    OwnPanic(String),
}

impl Failure {
    /// A sentence and its cure.
    pub(crate) fn said(what: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Said { what: what.into(), help: help.into() }
    }

    fn print(&self) -> Exit {
        match self {
            Failure::Diagnosed(text) => say::err(&format!("{}\n", text.trim_end())),
            Failure::Said { what, help } => {
                let (red, cyan, plain) = (print::RED, print::CYAN, print::PLAIN);
                say::err(&format!("{red}error{plain}: {what}\n"));
                if !help.is_empty() {
                    say::err(&format!("{cyan}help{plain}: {help}\n"));
                }
            }
            Failure::OwnPanic(message) => {
                exec::print_own_panic(message);
                return Exit::OwnPanic;
            }
        }
        Exit::Usage
    }
}
