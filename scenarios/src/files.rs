//! Finding the text of a scenario: in the library, in a file, or in what a file builds on.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use crate::diagnose;
use crate::library;
use crate::report::Finding;
use crate::source::Site;
use crate::suggest;

const LARGEST: u64 = 1 << 20;

/// Where a text came from: what its `extends` is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The library, by name.
    Bundled(String),
    /// A file.
    File(PathBuf),
    /// Nowhere; it builds on nothing.
    Memory,
}

/// A text as it was found.
pub(crate) struct Found {
    pub(crate) origin: Origin,
    /// What it is called in messages.
    pub(crate) shown: String,
    pub(crate) bytes: Vec<u8>,
}

/// The scenario that a user names. What ends in `.toml` is a file; everything else is looked up in
/// the library first, so that what is built in means the same in every folder.
pub(crate) fn open(source: &str) -> Result<Found, Finding> {
    if !source.ends_with(".toml") {
        if let Some(bundled) = library::find(source) {
            return Ok(built_in(bundled));
        }
        if !Path::new(source).exists() {
            let names = library::ALL.iter().map(|bundled| bundled.name);
            return Err(diagnose::unknown_scenario(source, suggest::nearest(source, names)));
        }
    }
    let bytes = read(Path::new(source), source, None)?;
    Ok(Found { origin: Origin::File(source.into()), shown: source.to_owned(), bytes })
}

/// The file that a text of this origin builds on; `site` is where it says so.
pub(crate) fn open_base(from: &Origin, base: &str, site: &Site) -> Result<Found, Finding> {
    let relative = Path::new(base);
    let stays = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if base.is_empty() || base.contains('\\') || !relative.components().all(stays) {
        return Err(diagnose::extends_leaves(site.clone()));
    }
    match from {
        Origin::Bundled(name) => {
            let topic = name.split('/').next().unwrap_or_default();
            let plain = base.trim_start_matches("./");
            let name = format!("{topic}/{}", plain.strip_suffix(".toml").unwrap_or(plain));
            let bundled = library::find(&name);
            let missing = || diagnose::missing_file(Some(site.clone()), base, None);
            bundled.map(built_in).ok_or_else(missing)
        }
        Origin::File(file) => {
            let folder = file.parent().unwrap_or(Path::new(""));
            let path = folder.join(relative);
            let shown = path.display().to_string();
            let bytes = read(&path, &shown, Some(site))?;
            // A link can lead out of the folder as well.
            let home =
                fs::canonicalize(if folder == Path::new("") { Path::new(".") } else { folder });
            if let (Ok(path), Ok(home)) = (fs::canonicalize(&path), home)
                && !path.starts_with(home)
            {
                return Err(diagnose::extends_leaves(site.clone()));
            }
            Ok(Found { origin: Origin::File(path), shown, bytes })
        }
        Origin::Memory => Err(diagnose::missing_file(Some(site.clone()), base, None)),
    }
}

impl Origin {
    /// The same for two ways of naming one file.
    pub(crate) fn identity(&self) -> Origin {
        match self {
            Origin::File(path) => {
                Origin::File(fs::canonicalize(path).unwrap_or_else(|_| path.clone()))
            }
            other => other.clone(),
        }
    }

    /// `<topic>/<name>`: for a file the names of its folder and of itself.
    pub(crate) fn name(&self) -> String {
        let Origin::File(path) = self else {
            return match self {
                Origin::Bundled(name) => name.clone(),
                _ => String::new(),
            };
        };
        let lossy = |part: Option<&std::ffi::OsStr>| {
            part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let stem = lossy(path.file_stem());
        let folder = std::path::absolute(path)
            .ok()
            .and_then(|path| path.parent().map(|folder| lossy(folder.file_name())))
            .unwrap_or_default();
        if folder.is_empty() { stem } else { format!("{folder}/{stem}") }
    }
}

fn built_in(bundled: &library::Bundled) -> Found {
    Found {
        origin: Origin::Bundled(bundled.name.to_owned()),
        shown: format!("{}.toml (built in)", bundled.name),
        bytes: bundled.text.as_bytes().to_vec(),
    }
}

fn read(path: &Path, shown: &str, site: Option<&Site>) -> Result<Vec<u8>, Finding> {
    let site = || site.cloned();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => diagnose::missing_file(site(), shown, neighbour(path)),
        ErrorKind::IsADirectory => diagnose::is_folder(site(), shown),
        ErrorKind::PermissionDenied => diagnose::unreadable(site(), shown, "no permission"),
        _ => diagnose::unreadable(site(), shown, &error.to_string()),
    };
    if path.is_dir() {
        return Err(diagnose::is_folder(site(), shown));
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that fits from one that does not, however long a
    // device or a pipe would go on.
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(diagnose::too_large(site(), shown));
    }
    Ok(bytes)
}

/// A scenario in the same folder that was probably meant.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let listed =
        fs::read_dir(if folder == Path::new("") { Path::new(".") } else { folder }).ok()?;
    let mut names: Vec<String> = listed
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    let near = diagnose::nearest_name(path.file_name()?.to_str()?, &names)?;
    Some(folder.join(near).display().to_string())
}
