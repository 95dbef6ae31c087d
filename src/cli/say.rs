//! Speaking to people and pipes: results go to stdout, everything else to stderr.
//!
//! A reader that has seen enough (`| head -1`) is nobody's error, so a closed pipe is passed over;
//! what else can go wrong with stdout (a full disk) is told, as results would be missing.

use std::io::{self, ErrorKind, Write as _};

use super::Failure;

/// Writes results to stdout; colours only where somebody sees them.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::said(
            format!("can not write to standard output: {}", why(&error)),
            "look where it is redirected to",
        )),
        _ => Ok(()),
    }
}

/// Writes everything else to stderr. Whoever closed that does not want to know.
pub(crate) fn err(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Why something could not be read or written, without the number that systems add.
pub(crate) fn why(error: &io::Error) -> String {
    let text = match error.kind() {
        ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    };
    let sentence = text.split(" (os error").next().unwrap_or_default();
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Text from outside (titles, panics, paths) made safe for a line of a terminal: what would move
/// the cursor or change colours is shown, not done.
pub(crate) fn clean(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            safe.extend(letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown_not_done() {
        assert_eq!(clean("a\x1b[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert_eq!(clean("Zürich · 5 µs"), "Zürich · 5 µs");
    }

    #[test]
    fn reasons_are_sentences() {
        let missing = std::fs::read("no/such/file").unwrap_err();
        assert_eq!(why(&missing), "no such file or directory");
    }
}
