//! Delta debugging: the algorithm `ddmin` (Zeller and Hildebrandt 2002, "Simplifying and isolating
//! failure-inducing input", section 3).

/// A subset of `0..count` that still fails and of which no element can be left out: 1-minimal, as long
/// as `fails` answers the same for the same subset. It is asked for subsets in ascending order, each
/// smaller than the last that failed, and never for the whole; that the whole fails is taken for
/// granted.
pub(super) fn ddmin(count: usize, mut fails: impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..count).collect();
    if kept.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let mut parts = 2;
    while kept.len() > 1 {
        parts = parts.min(kept.len());
        let chunks: Vec<Vec<usize>> = split(&kept, parts);
        if let Some(chunk) = chunks.iter().find(|chunk| fails(chunk)) {
            (kept, parts) = (chunk.clone(), 2);
            continue;
        }
        let without = |place: usize| {
            let others = chunks.iter().enumerate().filter(|(other, _)| *other != place);
            others.flat_map(|(_, chunk)| chunk).copied().collect::<Vec<usize>>()
        };
        // Of two parts each is what the other leaves, and was asked for.
        let places = if parts > 2 { 0..parts } else { 0..0 };
        if let Some(rest) = places.map(without).find(|rest| fails(rest)) {
            kept = rest;
            parts = (parts - 1).max(2);
        } else if parts == kept.len() {
            break;
        } else {
            parts *= 2;
        }
    }
    kept
}

/// Parts of about the same length, in order.
fn split(items: &[usize], parts: usize) -> Vec<Vec<usize>> {
    let cut = |part: usize| items.len() * part / parts;
    (0..parts).map(|part| items[cut(part)..cut(part + 1)].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fails when it has all of these.
    fn needs(wanted: &[usize]) -> impl Fn(&[usize]) -> bool + '_ {
        |kept| wanted.iter().all(|one| kept.contains(one))
    }

    #[test]
    fn what_is_needed_is_found() {
        assert_eq!(ddmin(8, needs(&[1, 6])), [1, 6]);
        assert_eq!(ddmin(1, needs(&[0])), [0]);
        assert_eq!(ddmin(0, needs(&[])), Vec::<usize>::new());
        assert_eq!(ddmin(100, needs(&[])), Vec::<usize>::new());
        assert_eq!(ddmin(5, needs(&[0, 1, 2, 3, 4])), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn one_of_many_takes_few_questions() {
        let mut asked = 0;
        let found = ddmin(1_024, |kept| {
            asked += 1;
            kept.contains(&777)
        });
        assert_eq!(found, [777]);
        assert!(asked <= 2 * 10 + 1, "{asked}");
    }

    proptest! {
        /// Whatever fails and why: what is left fails, and no longer does so without any one of it.
        #[test]
        fn the_result_is_one_minimal(
            count in 1_usize..14,
            wanted in proptest::collection::vec(proptest::collection::vec(0_usize..14, 1..5), 1..4),
        ) {
            // Any of several reasons is enough, and the whole has one.
            let fails = |kept: &[usize]| {
                wanted.iter().any(|one| one.iter().all(|item| kept.contains(&(item % count))))
            };
            let found = ddmin(count, fails);
            prop_assert!(fails(&found));
            for left_out in &found {
                let rest: Vec<usize> = found.iter().copied().filter(|it| it != left_out).collect();
                prop_assert!(!fails(&rest), "{found:?} without {left_out}");
            }
        }
    }
}
