//! Finds the scenarios of the library: a file in a topic's folder is one, and nobody registers it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders that are no topics.
const OTHERS: [&str; 3] = ["src", "tests", "target"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    // A new topic changes the folder itself.
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut all, mut bases) = (String::new(), String::new());
    for topic in names(&root)? {
        let folder = root.join(&topic);
        if !folder.is_dir() || OTHERS.contains(&topic.as_str()) || topic.starts_with('.') {
            continue;
        }
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in names(&folder)? {
            let Some(stem) = file.strip_suffix(".toml") else { continue };
            let list = if stem.starts_with('_') { &mut bases } else { &mut all };
            let (name, path) = (format!("{topic}/{stem}"), folder.join(&file));
            writeln!(list, "    Bundled {{ name: {name:?}, text: include_str!({path:?}) }},")
                .expect("strings take everything");
        }
    }
    let code = format!(
        "/// The scenarios that are built in, in the order of their names.\n\
         pub const ALL: &[Bundled] = &[\n{all}];\n\
         /// The files that they build on.\n\
         pub(crate) const BASES: &[Bundled] = &[\n{bases}];\n"
    );
    fs::write(out.join("library.rs"), code)
}

/// The names in a folder, in order: what is built must not depend on the file system.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
