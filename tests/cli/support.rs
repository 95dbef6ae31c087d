//! A folder to work in, and the program to start there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

/// Passes within milliseconds.
pub(crate) const PING: &str = "\
title = \"Ping: a small rehearsal\"
protocol = \"ping\"
duration = \"2s\"

[workload]
rate = \"100/s\"

[[expect]]
linearizable = true
";

/// Concurrent writes to few keys: a history that takes some work to judge.
pub(crate) const RAFT: &str = "\
title = \"Raft: a small rehearsal\"
protocol = \"raft\"
duration = \"3s\"

[cluster]
servers = 3
clients = 4

[workload]
rate = \"300/s\"
start = \"1s\"
keys = { uniform = { count = 2 } }
mix = { get = 0.5, put = 0.4, cas = 0.1 }

[[expect]]
linearizable = true
";

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Said {
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).expect("stdout is text"),
            err: String::from_utf8(output.stderr.clone()).expect("stderr is text"),
        }
    }

    /// The same, after a look at the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Said {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// What a sweep printed, without the one line or key that depends on the machine, and without
    /// the path of the results, as every place has another name.
    #[track_caller]
    pub(crate) fn same_everywhere(&self) -> String {
        if let Some((found, host)) = self.out.split_once(",\"host\":") {
            assert!(host.starts_with("{\"wall_ns\":") && host.ends_with("}}\n"), "{host}");
            return without_place(found);
        }
        let (found, last) = self.out.rsplit_once("\nresults       ").expect("where they are");
        let [results, took] = last.lines().collect::<Vec<_>>()[..] else { panic!("{last}") };
        assert!(results.ends_with("/sweep.json"), "{results}");
        assert!(took.starts_with("took  ") && took.contains(" seeds/s"), "{took}");
        without_place(found)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "one object on one line: {}", self.out);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A text without what the folder of a scenario's results is called after, which is the place that its
/// file lies in.
fn without_place(text: &str) -> String {
    let mut parts = text.split(" results/");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = |part: &str| part.split_once('/').map(|(_, rest)| format!(" results/*/{rest}"));
    first + &parts.filter_map(rest).collect::<String>()
}

/// A folder of its own for a test; `ping.toml` and `raft.toml` lie in it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        let place = Place(tempfile::tempdir().expect("there is room for a test"));
        place.write("ping.toml", PING);
        place.write("raft.toml", RAFT);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, with the folders it lies in.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The program, about to start in this folder.
    pub(crate) fn program(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_rehearsal")), args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::of(&self.command(args).output().expect("the program starts"))
    }

    /// Everything below a folder, links as what they point to, in order; nothing when it is not
    /// there.
    pub(crate) fn tree(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.path(folder), "", &mut found);
        found.sort();
        found
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if let Ok(target) = fs::read_link(&path) {
            found.push(format!("{name} -> {}", target.display()));
        } else if path.is_dir() {
            found.push(format!("{name}/"));
            walk(&path, &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary of an example. `cargo test` builds it, `cargo test --test cli` does not: one that is
/// missing, or older than the program, is built here.
pub(crate) fn example(name: &'static str) -> &'static Path {
    static BUILT: Mutex<BTreeMap<&'static str, &'static Path>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().expect("every build succeeds");
    built.entry(name).or_insert_with(|| Box::leak(build_example(name).into_boxed_path()))
}

fn build_example(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_rehearsal"));
    let profile = program.parent().expect("it lies in a folder");
    let binary = profile.join(format!("examples/{name}{}", std::env::consts::EXE_SUFFIX));
    let made = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    if made(&binary) < made(program) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--example", name]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        if let Some(target) = profile.parent().filter(|at| at.join("CACHEDIR.TAG").exists()) {
            cargo.env("CARGO_TARGET_DIR", target);
        }
        assert!(cargo.current_dir(repository()).status().expect("cargo starts").success());
    }
    binary
}

/// Splits a command line that we printed the way a shell does, as far as quotes go.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(letters.next()),
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words
}

/// What stands behind a label at the beginning of a line.
#[track_caller]
pub(crate) fn behind<'t>(label: &str, text: &'t str) -> &'t str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label} in:\n{text}")).trim()
}
