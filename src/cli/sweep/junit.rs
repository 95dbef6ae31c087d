//! `--junit FILE`: what a sweep found as JUnit XML, for the pages of CI servers.
//!
//! Every run that did not pass is a test case; those that passed are test cases up to a thousand
//! seeds, beyond that one per thousand. Nothing in the file depends on the machine, so there are no
//! times. The writer of quick-xml is used as it is: crates that know JUnit bring clocks and random
//! numbers for its time stamps and ids.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use rehearsal_sim::record::{Head, Judgement};

use super::summary::Summary;
use crate::cli::Failure;

/// Seeds that are test cases of their own when they pass, and the size of the blocks otherwise.
const BLOCK: u64 = 1000;
/// Runs that did not pass and are told one by one.
const TOLD: usize = 10_000;

/// Where the head of a seed that did not pass is read, and its command line.
pub(super) type Tell<'t> = dyn FnMut(u64) -> Result<(Head, String), Failure> + 't;

/// The document.
pub(super) fn document(summary: &Summary, tell: &mut Tell<'_>) -> Result<Vec<u8>, Failure> {
    let facts = &summary.facts;
    let mut odd: Vec<u64> =
        facts.failed_seeds.iter().chain(&facts.inconclusive_seeds).copied().collect();
    odd.sort_unstable();
    let untold = odd.split_off(odd.len().min(TOLD));
    let mut told = VecDeque::new();
    for seed in &odd {
        told.push_back(Case::of(tell(*seed)?));
    }
    let [first, end] = facts.seeds;
    let passed = Passed { first, end, odd, untold: &untold };
    let mut cases: Vec<Case> = passed.cases();
    cases.extend(told);
    cases.sort_by_key(|case| case.seed);
    if let (Some(first), Some(last)) = (untold.first(), untold.last()) {
        let name = format!("{} more seeds, {first} to {last}", untold.len());
        let message = "they did not pass either; raise --failures or read sweep.json".to_owned();
        let found =
            Some(Found { is_failure: true, kind: "more".to_owned(), message, text: String::new() });
        cases.push(Case { seed: *first, name, found });
    }
    write(&facts.scenario, &cases).map_err(|error| {
        Failure::said(format!("can not write JUnit XML: {error}"), "leave --junit away")
    })
}

/// One test case.
struct Case {
    seed: u64,
    name: String,
    found: Option<Found>,
}

/// Why a case did not pass.
struct Found {
    /// A failure; else an error, which is what could not be judged.
    is_failure: bool,
    kind: String,
    message: String,
    text: String,
}

impl Case {
    fn of((head, reproduce): (Head, String)) -> Case {
        let is_failure = head.verdict == Judgement::Fail;
        let (kind, message) = match head.violations.first() {
            Some(violation) => (violation.property.clone(), violation.message.clone()),
            None => {
                let open = head.expectations.iter().find(|measured| measured.holds.is_none());
                let what =
                    open.map_or(String::new(), |one| format!("{}: {}", one.expect, one.measured));
                ("inconclusive".to_owned(), what)
            }
        };
        let mut text = String::new();
        for violation in &head.violations {
            let at = rehearsal_sim::time::SimTime(violation.at_ns);
            text += &format!("{} at {at}: {}\n", violation.property, violation.message);
        }
        text += &format!("reproduce: {reproduce}\n");
        let found = Found { is_failure, kind, message, text };
        Case { seed: head.seed, name: format!("seed {}", head.seed), found: Some(found) }
    }
}

/// The seeds that passed.
struct Passed<'o> {
    first: u64,
    end: u64,
    /// Those that did not and are told, in order; and those that are not.
    odd: Vec<u64>,
    untold: &'o [u64],
}

impl Passed<'_> {
    fn cases(&self) -> Vec<Case> {
        let passes = |seed: &u64| {
            self.odd.binary_search(seed).is_err() && self.untold.binary_search(seed).is_err()
        };
        let case = |seed, name| Case { seed, name, found: None };
        if self.end - self.first <= BLOCK {
            let seeds = (self.first..self.end).filter(passes);
            return seeds.map(|seed| case(seed, format!("seed {seed}"))).collect();
        }
        let mut cases = Vec::new();
        let mut from = self.first;
        while from < self.end {
            let to = from.saturating_add(BLOCK).min(self.end);
            let passed = (from..to).filter(passes).count();
            if passed > 0 {
                cases.push(case(from, format!("seeds {from}..{to}: {passed} passed")));
            }
            from = to;
        }
        cases
    }
}

fn write(scenario: &str, cases: &[Case]) -> io::Result<Vec<u8>> {
    let count = |is_failure: bool| {
        let found = cases.iter().filter_map(|case| case.found.as_ref());
        found.filter(|found| found.is_failure == is_failure).count().to_string()
    };
    let (tests, failures, errors) = (cases.len().to_string(), count(true), count(false));
    let scenario = plain(scenario);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let numbers =
        [("tests", tests.as_str()), ("failures", failures.as_str()), ("errors", errors.as_str())];
    let suites = writer.create_element("testsuites").with_attribute(("name", "rehearsal sweep"));
    suites.with_attributes(numbers).write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attribute(("name", &*scenario));
        suite.with_attributes(numbers).write_inner_content(|writer| {
            cases.iter().try_for_each(|case| write_case(writer, &scenario, case))
        })?;
        Ok(())
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_case(writer: &mut Writer<Vec<u8>>, scenario: &str, case: &Case) -> io::Result<()> {
    let name = plain(&case.name);
    let names = [("classname", scenario), ("name", &*name)];
    let element = writer.create_element("testcase").with_attributes(names);
    let Some(found) = &case.found else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|writer| {
        let (kind, message) = (plain(&found.kind), plain(&found.message));
        let name = if found.is_failure { "failure" } else { "error" };
        let element = writer.create_element(name).with_attribute(("type", &*kind));
        let text = plain(&found.text);
        let element = element.with_attribute(("message", &*message));
        element.write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}

/// Text that XML can carry: controls, and the two characters that are none, are shown as escapes.
fn plain(text: &str) -> Cow<'_, str> {
    let odd = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if odd(letter) { safe.extend(letter.escape_unicode()) } else { safe.push(letter) }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    /// Every name and text that a parser finds.
    fn parsed(bytes: &[u8]) -> Vec<String> {
        let mut reader = Reader::from_reader(bytes);
        reader.config_mut().trim_text(true);
        let (mut found, mut buffer) = (Vec::new(), Vec::new());
        loop {
            match reader.read_event_into(&mut buffer).expect("it is well-formed") {
                Event::Eof => return found,
                Event::Start(tag) | Event::Empty(tag) => {
                    found.push(tag.name().as_ref().to_owned());
                    for attribute in tag.attributes() {
                        let attribute = attribute.expect("an attribute");
                        let text = quick_xml::escape::unescape(&attribute.value).unwrap();
                        found.push(text.into_owned());
                    }
                }
                _ => {}
            }
            buffer.clear();
        }
    }

    #[test]
    fn whatever_a_message_holds_the_document_is_well_formed() {
        let nasty = "a < b && c > \"d\" 'e' ]]> \u{1b}[31m \u{0} \u{ffff} ü\r\nnext";
        let found = Found {
            is_failure: true,
            kind: nasty.to_owned(),
            message: nasty.to_owned(),
            text: nasty.to_owned(),
        };
        let case = Case { seed: 7, name: nasty.to_owned(), found: Some(found) };
        let pass = Case { seed: 8, name: "seed 8".to_owned(), found: None };
        let bytes = write(nasty, &[case, pass]).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let allowed = |c: char| matches!(c, '\n' | '\t') || (!c.is_control() && c != '\u{ffff}');
        assert!(text.chars().all(allowed), "{text}");
        let found = parsed(&bytes);
        let message = found.iter().find(|text| text.contains("a < b && c > \"d\" 'e' ]]>"));
        assert!(message.is_some_and(|text| text.contains("\\u{1b}[31m")), "{found:#?}");
        assert_eq!(found.iter().filter(|name| *name == "testcase").count(), 2);
    }

    #[test]
    fn many_seeds_are_told_in_blocks() {
        let passed = Passed { first: 5, end: 2_205, odd: vec![5, 1_700], untold: &[2_204] };
        let names: Vec<String> = passed.cases().into_iter().map(|case| case.name).collect();
        assert_eq!(
            names,
            [
                "seeds 5..1005: 999 passed",
                "seeds 1005..2005: 999 passed",
                "seeds 2005..2205: 199 passed"
            ]
        );
        let few = Passed { first: 0, end: 4, odd: vec![1], untold: &[] };
        let names: Vec<String> = few.cases().into_iter().map(|case| case.name).collect();
        assert_eq!(names, ["seed 0", "seed 2", "seed 3"]);
    }
}
