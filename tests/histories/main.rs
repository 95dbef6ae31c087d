//! Histories from elsewhere: what is said about the broken ones, that no input harms, and that what
//! is written is read again.
//!
//! What is golden is compared here and written anew with `REHEARSAL_REWRITE=1`.

mod failures;
mod mutations;
mod round_trips;

use std::path::PathBuf;

/// A small generator of numbers (splitmix64): the same ones every time.
struct Dice(u64);

impl Dice {
    /// A number from zero to `end`, which is not among them.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).expect("it is below the end")
    }
}

/// The histories in the repository.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/histories")
}

/// Every history that lies there directly, by name, with its text.
fn samples() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it is readable").path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("it is text");
    files.iter().map(|path| (name(path), text(path))).collect()
}
