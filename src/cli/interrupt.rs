//! Ctrl-C: nothing that looks whole is left behind, and the exit code is 130.

use std::sync::{Mutex, Once, PoisonError};

use super::{Exit, say};

/// Held while files are being written. The handler takes it and never gives it back, so that the
/// process ends either before anything was written or after all of it was.
static WRITING: Mutex<()> = Mutex::new(());

/// Installs the handler.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Where no handler can be set, the default one ends the process; nothing else is lost, as
        // results appear by renaming a finished folder.
        let _ = ctrlc::set_handler(|| {
            let _never_given_back = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
            say::err("\ninterrupted; nothing half-written is left behind\n");
            std::process::exit(i32::from(Exit::Interrupted as u8));
        });
    });
}

/// Writes files, all or none of them as far as an interrupt is concerned. The work must be short:
/// the user is waiting.
pub(super) fn hold<T>(work: impl FnOnce() -> T) -> T {
    let _held = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}
