//! Days that failed once: small scenario files, replayed first.

use std::path::{Path, PathBuf};

use rehearsal_sim::catalog::Entry;

use crate::property;

/// The kept days of a protocol, in the order of their names.
fn files(folder: &Path, protocol: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.lines().any(|line| line.trim() == format!("protocol = \"{protocol}\""))
        })
        .collect();
    files.sort();
    files
}

/// Runs the kept days of a protocol again, each with the seed that it names.
pub(super) fn replay(folder: &Path, protocol: &str, catalog: &[Entry]) -> Result<(), String> {
    for path in files(folder, protocol) {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} can not be read: {error}", path.display()))?;
        property::try_check_own_seed(&text, catalog)
            .map_err(|failure| format!("{} fails again.\n\n{failure}", path.display()))?;
    }
    Ok(())
}

/// Keeps a day, and says so at the end of what is told of it.
pub(super) fn keep(
    folder: &Path,
    protocol: &str,
    property: &str,
    text: &str,
    failure: &str,
) -> String {
    let slug = |text: &str| -> String {
        let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        plain.collect::<String>().trim_matches('-').to_lowercase()
    };
    let path = folder.join(format!("{}-{}.toml", slug(protocol), slug(property)));
    let kept = format!(
        "# Violates: {property}\n# Found by a property test, and replayed by it first of all.\n{text}"
    );
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, kept));
    let name = path.display();
    match written {
        Ok(()) => {
            let failure = failure.replacen("run FILE", &format!("run {name}"), 1);
            let failure = failure.replacen("where FILE has this text", "which has this text", 1);
            format!("{failure}\nIt is replayed first from now on.")
        }
        Err(error) => format!("{failure}\nIt could not be kept as {name}: {error}"),
    }
}
