//! Ctrl-C: nothing that looks whole is left behind, and the exit code is 130.

use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};

use super::Exit;

/// The folder that is being written aside; the handler removes it.
static HALF_WRITTEN: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Installs the handler.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Where no handler can be set, the default one ends the process; nothing else is lost, as
        // results appear by renaming a finished folder.
        let _ = ctrlc::set_handler(|| {
            let guard = HALF_WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(folder) = guard.as_ref() {
                let _ = std::fs::remove_dir_all(folder);
            }
            eprintln!("\ninterrupted; no results were written");
            std::process::exit(i32::from(Exit::Interrupted as u8));
        });
    });
}

/// Runs code that writes into a folder aside. The handler waits for the lock only while the folder
/// is being named, so an interrupt during the writing removes it.
pub(super) fn guard_folder(folder: Option<PathBuf>) {
    *HALF_WRITTEN.lock().unwrap_or_else(PoisonError::into_inner) = folder;
}
