//! The bans of `sim/clippy.toml` work: a crate that uses everything they name is told of each, and of
//! none without them. Costs two runs of `cargo clippy` over one small file, 2 s together.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::root;

/// The paths that are banned, but for those of crates that may be absent.
fn bans(text: &str) -> BTreeSet<String> {
    let entries = text.lines().filter(|line| !line.contains("allow-invalid"));
    let paths = entries.filter_map(|line| line.trim().strip_prefix("{ path = \""));
    paths.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// A statement that uses what a ban names.
fn usage(path: &str) -> String {
    let last = path.rsplit("::").next().unwrap_or_default();
    let is_float = path.starts_with("f64::") || path.starts_with("f32::");
    match path {
        "std::thread_local" => "std::thread_local! { static LOCAL: u8 = const { 1 }; }".to_owned(),
        "std::thread::sleep" => format!("{path}(std::time::Duration::ZERO);"),
        "std::thread::spawn" => format!("drop({path}(|| ()));"),
        "std::thread::scope" => format!("{path}(|_| ());"),
        "std::env::var" | "std::env::var_os" => format!("let _ = {path}(\"A\");"),
        "std::rc::Rc::as_ptr" => format!("let _ = {path}(&std::rc::Rc::new(1u8));"),
        "std::sync::Arc::as_ptr" => format!("let _ = {path}(&std::sync::Arc::new(1u8));"),
        "std::ptr::from_ref" => format!("let _ = {path}(&1u8);"),
        "slice::sort_unstable_by" => format!("[2u8, 1].{last}(u8::cmp);"),
        "slice::sort_unstable_by_key" => format!("[2u8, 1].{last}(|one| *one);"),
        "slice::select_nth_unstable_by" => format!("[2u8, 1].{last}(0, u8::cmp);"),
        "slice::select_nth_unstable_by_key" => format!("[2u8, 1].{last}(0, |one| *one);"),
        _ if is_float => {
            let kind = &path[..3];
            let more = match last {
                "log" | "powf" | "hypot" | "atan2" => "2.5",
                "powi" => "3",
                _ => "",
            };
            format!("let _ = std::hint::black_box(0.5_{kind}).{last}({more});")
        }
        _ if last.starts_with(|letter: char| letter.is_ascii_uppercase()) => {
            let parameters = match last {
                "HashMap" => "<u8, u8>",
                "HashSet" | "LazyLock" | "LocalKey" | "Mutex" | "OnceLock" | "RwLock" => "<u8>",
                _ => "",
            };
            format!("let _: Option<{path}{parameters}> = None;")
        }
        _ => format!("let _ = {path}();"),
    }
}

/// What `cargo clippy` says of a crate that uses everything, under these settings. `None` when there
/// is no clippy here.
fn told(settings: &str, uses: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let manifest = "[package]\nname = \"leaky\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
                    [lib]\npath = \"lib.rs\"\n";
    fs::write(at("Cargo.toml"), manifest).expect("the folder is writable");
    fs::write(at("clippy.toml"), settings).expect("the folder is writable");
    let mut code = String::from("#![allow(clippy::all)]\n#![warn(clippy::disallowed_types)]\n");
    code += "#![warn(clippy::disallowed_methods, clippy::disallowed_macros)]\npub fn all() {\n";
    for path in uses {
        writeln!(code, "    {{ {} }}", usage(path)).expect("a string takes text");
    }
    fs::write(at("lib.rs"), code + "}\n").expect("the folder is writable");
    let output = clippy(folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("no such command") || said.contains("is not installed") {
        assert!(std::env::var_os("CI").is_none(), "clippy belongs to what CI checks:\n{said}");
        println!("skipped: cargo clippy is not installed");
        return None;
    }
    assert!(output.status.success(), "clippy does not read the file:\n{said}");
    let messages = String::from_utf8(output.stdout).expect("JSON is text");
    let texts = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).expect("a message a line");
        message["message"]["message"].as_str().map(str::to_owned)
    });
    let named = |text: String| {
        let rest = text.strip_prefix("use of a disallowed ")?;
        rest.split('`').nth(1).map(str::to_owned)
    };
    Some(texts.filter_map(named).collect())
}

fn clippy(folder: &Path) -> std::process::Output {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["clippy", "--quiet", "--offline", "--message-format", "json"]);
    for variable in ["RUSTFLAGS", "CLIPPY_CONF_DIR", "CLIPPY_ARGS", "RUSTC_WRAPPER"] {
        command.env_remove(variable);
    }
    command.env("CARGO_TARGET_DIR", folder.join("target"));
    command.current_dir(folder).output().expect("cargo starts")
}

#[test]
fn clippy_sees_everything_that_is_banned() {
    let file = root().join("sim/clippy.toml");
    let settings = fs::read_to_string(file).expect("the simulated world has its bans");
    let bans = bans(&settings);
    assert!(bans.len() >= 90, "{} bans are read", bans.len());
    let Some(found) = told(&settings, &bans) else { return };
    let unseen: Vec<&String> = bans.difference(&found).collect();
    assert_eq!(unseen, [""; 0], "banned, used, and not seen");
    // The guard is the file: a copy without its bans lets everything through.
    let limit = |line: &&str| line.starts_with("too-many-lines-threshold");
    let without: String = settings.lines().filter(limit).collect();
    assert_eq!(told(&without, &bans), Some(BTreeSet::new()), "seen without any ban");
}

/// What leaks in `examples/leaks/leaky.rs` is banned where it must not be; the rest is told in
/// `docs/determinism.md`.
#[test]
fn what_the_planted_leaks_use_is_banned() {
    let settings = fs::read_to_string(root().join("sim/clippy.toml")).expect("a file");
    let bans = bans(&settings);
    let leaks = [
        ("HashMap", "std::collections::HashMap"),
        ("Instant::now", "std::time::Instant::now"),
        ("SystemTime::now", "std::time::SystemTime::now"),
        ("std::ptr::from_ref", "std::ptr::from_ref"),
        ("std::thread::current", "std::thread::current"),
        ("AtomicU64", "std::sync::atomic::AtomicU64"),
        ("OnceLock", "std::sync::OnceLock"),
        ("std::env::var", "std::env::var"),
    ];
    let source = fs::read_to_string(root().join("examples/leaks/leaky.rs")).expect("a file");
    for (used, banned) in leaks {
        assert!(source.contains(used), "the planted leaks use {used}");
        assert!(bans.contains(banned), "{banned} is not banned");
    }
}

#[test]
fn the_world_and_the_cast_have_the_same_bans() {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("it is there");
    assert_eq!(read("sim/clippy.toml"), read("protocols/clippy.toml"));
}
