//! Ctrl-C: nothing that looks whole is left behind, and the exit code is 130.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::{Exit, say};

/// Held while files are being written. The handler takes it and never gives it back, so that the
/// process ends either before anything was written or after all of it was.
static WRITING: Mutex<()> = Mutex::new(());

/// Done when an interrupt comes, before the process ends; gives back what the user is told.
type Words = Box<dyn FnMut() -> String + Send>;

static WORDS: Mutex<Option<Words>> = Mutex::new(None);

fn lock_words() -> MutexGuard<'static, Option<Words>> {
    WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something to be done when an interrupt comes, until this is dropped.
pub(super) struct LastWords(());

/// Lets an interrupt finish some work and say what follows from it. The work must be short, and
/// must not call [`hold`], which an interrupt has taken for good.
pub(super) fn last_words(work: impl FnMut() -> String + Send + 'static) -> LastWords {
    *lock_words() = Some(Box::new(work));
    LastWords(())
}

impl Drop for LastWords {
    fn drop(&mut self) {
        *lock_words() = None;
    }
}

/// Installs the handler.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Where no handler can be set, the default one ends the process; nothing else is lost, as
        // results appear by renaming a finished folder.
        let _ = ctrlc::set_handler(|| {
            let _never_given_back = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
            let told = lock_words().take().map(|mut words| words());
            let told = told
                .unwrap_or_else(|| "interrupted; nothing half-written is left behind\n".to_owned());
            say::err(&format!("\n{told}"));
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
