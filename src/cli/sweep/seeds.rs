//! The seeds of a sweep, as they are written: `0..200`, `5..=7`, `41`.

use std::ops::Range;

use crate::cli::options;

/// Reads a range of seeds, or one number. The last number of all can not be swept, as the end of a
/// range is not among its seeds.
pub(super) fn parse(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        options::number(text).map_err(|_| {
            format!("`{text}` is no seed; write --seeds 0..200, a number below 2^64 at each end")
        })
    };
    let range = match text.split_once("..") {
        None => {
            let seed = number(text)?;
            seed..seed.checked_add(1).ok_or("the last seed of all can not be swept alone")?
        }
        Some((first, last)) => match last.strip_prefix('=') {
            Some(last) => number(first)?..number(last)?.saturating_add(1),
            None => number(first)?..number(last)?,
        },
    };
    if range.is_empty() {
        return Err(format!("the range {text} has no seeds; write the smaller number first"));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn seeds_are_ranges() {
        assert_eq!(parse("0..200"), Ok(0..200));
        assert_eq!(parse("5..=7"), Ok(5..8));
        assert_eq!(parse("41"), Ok(41..42));
        assert_eq!(parse("0..10_000"), Ok(0..10_000));
        for wrong in ["", "7..7", "9..3", "a..b", "-1..3", "1.."] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
