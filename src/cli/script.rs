//! `rehearsal script`: single steps driven by hand, with the recorded reaction beside each.
//!
//! A script is a lecture that can be run. It is made of blocks, separated by blank lines:
//!
//! ```text
//! # Prose, for the reader.
//! cluster raft servers=3 clients=1
//!
//! boot
//! fire n1 Election
//! ----
//! n1 timer Election rings
//! n1->n2 RequestVote#1 sent: ...
//! ```
//!
//! A block is prose (`#`), commands, `----`, and the reaction. The first command names the cluster;
//! what it takes is what `[cluster]` and `--set` take. Lines right behind it that begin with `with` take
//! more of that.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use rehearsal_scenarios::{Loaded, Request};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::record::Violation;
use rehearsal_sim::script::{COMMANDS, Stage};

use super::print::{self, BOLD, DIM, GREEN, PLAIN, RED};
use super::results::shown;
use super::{Exit, Failure, interrupt, say};

/// What `script` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The script file (`list commands` shows what can stand in it)
    file: PathBuf,
    /// Plant a bug, by name or number (repeatable)
    #[arg(long, value_name = "BUG")]
    bug: Vec<String>,
    /// Write the reactions into the file instead of comparing them
    #[arg(long, conflicts_with = "bug")]
    rewrite: bool,
}

/// A stretch of a script up to a blank line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Block {
    /// The line of the file, from 1.
    line: usize,
    /// Prose and commands, as written.
    text: Vec<String>,
    /// What is recorded after `----`; `None` when there is no such line.
    recorded: Option<Vec<String>>,
}

impl Block {
    fn commands(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.iter().enumerate();
        lines
            .map(|(offset, line)| (self.line + offset, line.trim()))
            .filter(|(_, line)| !line.starts_with('#'))
    }
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let script = read(&args.file)?;
    let played = script.play(catalog, &args.bug)?;
    if args.rewrite {
        return rewrite(args, &script, &played);
    }
    let differences = compare(&script, &played);
    let mut text = String::new();
    for difference in &differences {
        text += &format!("{difference}\n");
    }
    text += &violated(&played);
    let blocks = script.blocks.len();
    let exit = if differences.is_empty() && played.violations.is_empty() {
        text +=
            &format!("{GREEN}PASS{PLAIN}  {}: {blocks} blocks react as recorded\n", script.path);
        Exit::Held
    } else {
        text += &format!(
            "{RED}FAIL{PLAIN}  {}: {} of {blocks} blocks react differently, {}\n",
            script.path,
            differences.len(),
            print::counted(played.violations.len() as u64, "violation")
        );
        Exit::Violated
    };
    say::out(&text)?;
    Ok(exit)
}

/// What was violated, with its source.
fn violated(played: &Played) -> String {
    let mut text = String::new();
    for violation in &played.violations {
        let message = print::lines(&violation.message).join("\n  ");
        text += &format!("{RED}violated{PLAIN}: {BOLD}{}{PLAIN}: {message}\n", violation.property);
        if !violation.citation.is_empty() {
            text += &format!("  source: {}\n", violation.citation);
        }
    }
    text
}

fn read(file: &Path) -> Result<Script, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::said(
            format!("can not read the script {}: {}", shown(file), say::why(&error)),
            "a script is a text file that begins with its cluster: `cluster raft servers=3`",
        )
    })?;
    Ok(Script { path: shown(file), blocks: parse(&text) })
}

fn rewrite(args: &Args, script: &Script, played: &Played) -> Result<Exit, Failure> {
    let mut text = String::new();
    for (block, reaction) in script.blocks.iter().zip(&played.reactions) {
        if !text.is_empty() {
            text.push('\n');
        }
        for line in &block.text {
            writeln!(text, "{line}").expect("a string takes text");
        }
        if let Some(reaction) = reaction.as_ref().filter(|lines| !lines.is_empty()) {
            text.push_str("----\n");
            for line in reaction {
                writeln!(text, "{line}").expect("a string takes text");
            }
        }
    }
    interrupt::hold(|| replace(&args.file, &text)).map_err(|error| {
        Failure::said(
            format!("can not rewrite {}: {}", script.path, say::why(&error)),
            "the script is as it was; it and its folder must be writable",
        )
    })?;
    say::out(&format!("{} is rewritten\n{}", script.path, violated(played)))?;
    Ok(if played.violations.is_empty() { Exit::Held } else { Exit::Violated })
}

/// Replaces a file at once.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    // A link goes on pointing to the file it points to.
    let file = file.canonicalize()?;
    let aside = file.with_file_name(format!(".script.tmp-{}", std::process::id()));
    std::fs::write(&aside, text).and_then(|()| std::fs::rename(&aside, &file)).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
}

/// Begins a line of settings that did not fit behind the cluster's name.
const WITH: &str = "with ";

/// A script file.
struct Script {
    path: String,
    blocks: Vec<Block>,
}

/// What a script did.
struct Played {
    /// Per block its reaction; `None` where it has no commands for the stage.
    reactions: Vec<Option<Vec<String>>>,
    violations: Vec<Violation>,
}

impl Script {
    fn play(&self, catalog: &[Entry], bugs: &[String]) -> Result<Played, Failure> {
        let header: Vec<(usize, &str)> = self.header().collect();
        let (Some((line, _)), Some((last, _))) = (header.first(), header.last()) else {
            return Err(Failure::said(
                format!("{} has no commands", self.path),
                "begin with the cluster: `cluster raft servers=3 clients=1`",
            ));
        };
        let further = header[1..].iter().filter_map(|(_, text)| text.strip_prefix(WITH));
        let settings: Vec<&str> = [header[0].1].into_iter().chain(further).collect();
        let loaded = self.cluster(*line, &settings.join(" "), catalog, bugs)?;
        self.know_the_rest(header.len())?;
        let mut stage = (loaded.entry.stage)(&loaded.plan);
        let mut reactions = Vec::new();
        for block in &self.blocks {
            let mut reaction = None;
            for (_, command) in block.commands().filter(|(at, _)| at > last) {
                let lines: &mut Vec<String> = reaction.get_or_insert_default();
                lines.extend(react(stage.as_mut(), command));
            }
            reactions.push(reaction);
        }
        Ok(Played { reactions, violations: stage.violations().to_vec() })
    }

    /// The command that names the cluster, and the lines of further settings right behind it.
    fn header(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut commands = self.blocks.iter().flat_map(Block::commands);
        commands.next().into_iter().chain(commands.take_while(|(_, text)| text.starts_with(WITH)))
    }

    /// What a command does to a cluster may well be refused, and that is a reaction. A word that is
    /// no command is a slip.
    fn know_the_rest(&self, header: usize) -> Result<(), Failure> {
        for (line, command) in self.blocks.iter().flat_map(Block::commands).skip(header) {
            let word = command.split_whitespace().next().unwrap_or_default();
            if COMMANDS.iter().any(|(name, ..)| *name == word) {
                continue;
            }
            let names: Vec<&str> = COMMANDS.iter().map(|(name, ..)| *name).collect();
            let help = if word == "cluster" {
                "begin another script for another cluster".to_owned()
            } else {
                format!("the commands are {}", names.join(", "))
            };
            let what = format!("{}:{line}: `{}` is no command here", self.path, say::clean(word));
            return Err(Failure::said(what, help));
        }
        Ok(())
    }

    /// Sets up the cluster that the first command names: `cluster raft servers=3 raft.heartbeat=..`.
    fn cluster(
        &self,
        line: usize,
        header: &str,
        catalog: &[Entry],
        bugs: &[String],
    ) -> Result<Loaded, Failure> {
        let words: Vec<&str> = header.split_whitespace().collect();
        let ["cluster", protocol, settings @ ..] = words.as_slice() else {
            return Err(Failure::said(
                format!("{}:{line}: the first command is `{}`", self.path, say::clean(header)),
                "begin with the cluster: `cluster raft servers=3 clients=1`",
            ));
        };
        let mut set = Vec::new();
        for setting in settings {
            let Some((key, _)) = setting.split_once('=') else {
                return Err(Failure::said(
                    format!("{}:{line}: \"{setting}\" sets nothing", self.path),
                    "write key=value: `servers=3`, `raft.heartbeat=50ms`",
                ));
            };
            let section = if key.contains('.') { "" } else { "cluster." };
            set.push(format!("{section}{setting}"));
        }
        let text = format!("title = \"a script\"\nprotocol = \"{protocol}\"\nduration = \"1h\"\n");
        let name = format!("{}:{line}", self.path);
        let request = Request { set: &set, bug: bugs, ..Request::of(&name) };
        rehearsal_scenarios::load_text(text.as_bytes(), &request, catalog)
            .map_err(|report| Failure::Diagnosed(report.render(true)))
    }
}

/// One command and what came of it. A command that makes no sense is part of the reaction too.
fn react(stage: &mut dyn Stage, command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let said = match stage.command(&words) {
        Ok(lines) => lines,
        Err(sentence) => vec![format!("error: {sentence}")],
    };
    // What is read back from a file has neither empty lines nor blanks at their ends.
    let lines = said.iter().flat_map(|text| text.lines()).map(str::trim_end);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.is_empty() {
            if !block.text.is_empty() {
                blocks.push(std::mem::take(&mut block));
            }
            continue;
        }
        if block.text.is_empty() {
            block.line = number;
        }
        match &mut block.recorded {
            Some(recorded) => recorded.push(line.to_owned()),
            None if line == "----" => block.recorded = Some(Vec::new()),
            None => block.text.push(line.to_owned()),
        }
    }
    if !block.text.is_empty() {
        blocks.push(block);
    }
    blocks
}

/// A picture of every block that reacts differently.
fn compare(script: &Script, played: &Played) -> Vec<String> {
    let mut differences = Vec::new();
    for (block, reaction) in script.blocks.iter().zip(&played.reactions) {
        let (recorded, actual) = (block.recorded.as_deref(), reaction.as_deref());
        let (recorded, actual) = (recorded.unwrap_or_default(), actual.unwrap_or_default());
        if recorded == actual {
            continue;
        }
        let mut text = format!("{BOLD}{}:{}{PLAIN}\n", script.path, block.line);
        for (_, command) in block.commands() {
            writeln!(text, "  {command}").expect("a string takes text");
        }
        let before = recorded.iter().zip(actual).take_while(|(a, b)| a == b).count();
        let (recorded, actual) = (&recorded[before..], &actual[before..]);
        let backwards = recorded.iter().rev().zip(actual.iter().rev());
        let after = backwards.take_while(|(a, b)| a == b).count();
        text.push_str(&as_recorded(before));
        for line in &recorded[..recorded.len() - after] {
            writeln!(text, "{RED}- {line}{PLAIN}").expect("a string takes text");
        }
        for line in &actual[..actual.len() - after] {
            writeln!(text, "{GREEN}+ {line}{PLAIN}").expect("a string takes text");
        }
        text.push_str(&as_recorded(after));
        differences.push(text);
    }
    differences
}

fn as_recorded(lines: usize) -> String {
    match lines {
        0 => String::new(),
        _ => format!("  {DIM}... {} as recorded{PLAIN}\n", print::counted(lines as u64, "line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_prose_commands_and_reaction() {
        let blocks = parse("# Hello\ncluster raft\n\nboot\n----\nn1 boots\n\n\nfire n1 X\n");
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0].commands().collect::<Vec<_>>(), [(2, "cluster raft")]);
        assert_eq!(blocks[1].recorded, Some(vec!["n1 boots".to_owned()]));
        assert_eq!((blocks[2].line, &blocks[2].recorded), (9, &None));
    }
}
