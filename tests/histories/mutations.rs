//! Damaged histories: each is read, or refused with a place inside it. Nothing panics, and nothing
//! takes long.

use rehearsal::formats::judge::{Question, judge};
use rehearsal::formats::{self, Format};
use rehearsal::sim::check::Budget;

use super::{Dice, samples};

/// How many damaged inputs are tried. They cost about ten seconds.
const TRIALS: usize = 100_000;
/// Longer inputs are cut.
const LONGEST: usize = 6_000;

/// Damages a text in one of several ways.
fn damage(dice: &mut Dice, text: &mut Vec<u8>, other: &[u8]) {
    let at = dice.below(text.len() + 1);
    let length = 1 + dice.below(40);
    let end = (at + length).min(text.len());
    match dice.below(7) {
        0 if at < text.len() => text[at] ^= 1 << dice.below(8),
        1 => drop(text.drain(at..end)),
        2 => {
            let piece = text[at..end].to_vec();
            text.splice(at..at, piece);
        }
        3 => text.truncate(at),
        4 if !other.is_empty() => {
            let from = dice.below(other.len());
            let to = (from + length * 4).min(other.len());
            text.splice(at..end, other[from..to].iter().copied());
        }
        5 => {
            let nasty: [&[u8]; 12] = [
                b"99999999999999999999",
                b"-1",
                b"\\u00",
                b"#_",
                b"{",
                b"]",
                b"\"",
                b"\n\n",
                b":info",
                b"9223372036854775807",
                "\u{202e}é".as_bytes(),
                b"nil",
            ];
            let piece = nasty[dice.below(nasty.len())];
            text.splice(at..at, piece.iter().copied());
        }
        _ => {
            // Two lines change places.
            let mut lines: Vec<Vec<u8>> =
                text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
            lines.swap(a, b);
            *text = lines.join(&b'\n');
        }
    }
    text.truncate(LONGEST);
}

/// Reads and judges a text; whether it was read, and whether it was judged.
fn try_it(text: &str, format: Option<Format>) -> (bool, bool) {
    let lines = text.matches('\n').count() + 1;
    let inside = |error: &formats::ReadError| {
        assert!(error.line >= 1 && error.line as usize <= lines, "{error} in:\n{text}");
        let line = text.split('\n').nth(error.line as usize - 1).unwrap_or_default();
        let columns = line.chars().count() + 1;
        assert!(error.column >= 1 && error.column as usize <= columns, "{error} in:\n{text}");
        assert!(!error.what.is_empty());
    };
    let recorded = match formats::read(text, format) {
        Ok(recorded) => recorded,
        Err(error) => {
            inside(&error);
            return (false, false);
        }
    };
    let question = Question { budget: Budget { configurations: 2_000 }, ..Question::default() };
    match judge(text, &recorded, &question) {
        Ok(_) => (true, true),
        Err(error) => {
            inside(&error);
            (true, false)
        }
    }
}

#[test]
fn damaged_histories_are_read_or_refused_with_their_place() {
    let samples = samples();
    let all: Vec<Format> = formats::ALL.iter().map(|info| info.format).collect();
    let mut dice = Dice(7);
    let (mut read, mut judged) = (0, 0);
    for trial in 0..TRIALS {
        let (_, text) = &samples[dice.below(samples.len())];
        let (_, other) = &samples[dice.below(samples.len())];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            damage(&mut dice, &mut bytes, other.as_bytes());
        }
        let damaged = String::from_utf8_lossy(&bytes);
        // Now and then the wrong format is asked for.
        let format = (trial % 16 == 0).then(|| all[dice.below(all.len())]);
        let (was_read, was_judged) = try_it(&damaged, format);
        read += usize::from(was_read);
        judged += usize::from(was_judged);
    }
    // The damage is neither none nor total.
    assert!((TRIALS / 20..TRIALS * 19 / 20).contains(&read), "{read} of {TRIALS} were read");
    assert!((TRIALS / 40..read).contains(&judged), "{judged} of {TRIALS} were judged");
}

#[test]
fn deep_and_long_inputs_are_refused_or_read_in_time() {
    for piece in ["[", "{", "(", "#_", "^", "#a ", "\"", "\\", "[1] call ", "- ", "= ", "w("] {
        try_it(&piece.repeat(200_000), None);
        for info in formats::ALL {
            try_it(&piece.repeat(20_000), Some(info.format));
        }
    }
    let wide =
        format!("{{:process 0, :type :invoke, :f :read, :value [{}]}}", "7 ".repeat(300_000));
    assert!(formats::read(&wide, None).is_ok());
}
