//! `rehearsal schema`: the language of scenario files, for editors and for people.

use rehearsal_sim::catalog::Entry;

use super::{Exit, Failure, say};

/// What `schema` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Print the reference as Markdown instead of the JSON schema
    #[arg(long)]
    reference: bool,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let text = if args.reference {
        rehearsal_scenarios::reference(catalog)
    } else {
        let schema = rehearsal_scenarios::schema(catalog);
        serde_json::to_string_pretty(&schema).expect("a schema is plain data") + "\n"
    };
    say::out(&text)?;
    Ok(Exit::Held)
}
