//! "Did you mean": the nearest of the names that would have been right.

/// The candidate that `word` is probably a slip of.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = flatten(word);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::damerau_levenshtein(&plain, &flatten(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance(&plain, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names of numbered things differ by their numbers on purpose: `n9` is no slip of `n1`.
fn tolerance(word: &str, candidate: &str) -> usize {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(word) != digits(candidate) {
        return 0;
    }
    match word.chars().count().max(candidate.chars().count()) {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    }
}

/// Case and the choice of separator are never meant.
fn flatten(word: &str) -> String {
    word.chars()
        .take(64)
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// `` `a`, `b` and `c` ``; a long list is cut.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 24;
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.len() > MOST {
        let more = quoted.len() - MOST;
        quoted.truncate(MOST);
        return format!("{} and {more} more", quoted.join(", "));
    }
    match quoted.pop() {
        None => "none".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_numbers_are_not() {
        let names = ["n1", "n2", "client1", "leader", "servers"];
        assert_eq!(nearest("laeder", names), Some("leader"));
        assert_eq!(nearest("client-1", names), Some("client1"));
        assert_eq!(nearest("N2", names), Some("n2"));
        assert_eq!(nearest("server", names), Some("servers"));
        assert_eq!(nearest("n9", names), None);
        assert_eq!(nearest("quorum", names), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(list([]), "none");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
