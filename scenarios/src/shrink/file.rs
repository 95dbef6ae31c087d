//! The smallest scenario as a file: what it shows, where it comes from, and what can be run.

use serde_json::json;

use super::bench::Bench;
use super::{Ended, Size};

/// The widest line of a comment.
const WIDTH: usize = 100;

/// What a counterexample was made smaller from.
pub(super) struct Origin<'a> {
    pub(super) scenario: &'a str,
    pub(super) seed: u64,
}

/// The file.
pub(super) fn write(
    bench: &Bench<'_>,
    from: &Origin<'_>,
    story: &[String],
    before: Size,
) -> String {
    let (property, plan) = (&bench.goal.property, &bench.best.plan);
    let after = bench.size();
    let mut page = String::new();
    let mut say = |text: &str| page += &comment(text);
    say(&format!(
        "A counterexample: {property} is violated. Made smaller from {} with seed {}: {} fault \
         operations became {}, {} events became {}.",
        from.scenario,
        from.seed,
        before.fault_operations,
        after.fault_operations,
        before.events,
        after.events,
    ));
    if plan.seed != from.seed {
        say("Its seed is another one: with the first, nothing as small fails.");
    }
    match bench.ended {
        Some(Ended::Budget) => say("The budget was spent: there may be a smaller one."),
        Some(Ended::Stopped) => say("The search was stopped: there may be a smaller one."),
        Some(Ended::Smallest) | None => {}
    }
    if !story.is_empty() {
        page += "#\n";
        story.iter().for_each(|sentence| page += &comment(sentence));
    }
    let title = format!("{}: {property} is violated", bench.entry.name);
    let draft = bench.best.draft.with(&["title"], json!(title));
    page + &draft.text()
}

/// A text as lines of a comment.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a first line");
        if last.chars().count() + word.chars().count() < WIDTH || last == "#" {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(format!("# {word}"));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_wrapped() {
        let text = "word ".repeat(50);
        let lines = comment(&text);
        assert!(lines.lines().all(|line| line.starts_with("# word") && line.len() <= WIDTH));
        assert_eq!(lines.matches("word").count(), 50);
        assert_eq!(comment("one\ntwo"), "# one two\n");
    }
}
