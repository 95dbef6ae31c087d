//! The numbers that models work with, and the words of the file that they stand for.
//!
//! Models know values, keys and clients as numbers, and moments as nanoseconds. A number of the
//! file stands for itself; everything else gets a number that no file has. What a checker says is
//! told with the words of the file again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rehearsal_sim::check::{Bar, Explanation, Verdict};
use rehearsal_sim::time::SimTime;

use crate::formats::source::shown;
use crate::formats::{Clock, Moment, Process, Recorded, Value};

/// Numbers from here on stand for values that are no numbers.
const VALUES: u64 = 7_000_000_000_000_000_000;
/// Numbers from here on stand for processes that are no numbers.
const CLIENTS: u32 = 4_000_000_000;
/// How far apart events lie that have no times, in nanoseconds, and a remainder that no duration of
/// a file has: so what a checker prints as a time is known again.
const STEP: u64 = 1_000_000_000_000;
const MARK: u64 = 7_000;

/// What stands for what.
pub(super) struct Names {
    clock: Clock,
    values: BTreeMap<Value, u64>,
    words: Vec<Value>,
    clients: BTreeMap<Process, u32>,
    processes: Vec<Process>,
    /// The time of every event, by its number.
    times: Vec<u64>,
    /// Every moment, by its time.
    moments: Vec<(u64, Moment)>,
    /// What a checker prints and means nothing to people.
    pub(super) unsaid: Vec<&'static str>,
    /// Whether states are options, which people call by their value.
    pub(super) has_options: bool,
}

impl Names {
    pub(super) fn new(recorded: &Recorded) -> Names {
        let mut names = Names {
            clock: recorded.clock,
            values: BTreeMap::new(),
            words: Vec::new(),
            clients: BTreeMap::new(),
            processes: Vec::new(),
            times: Vec::new(),
            moments: Vec::new(),
            unsaid: Vec::new(),
            has_options: false,
        };
        let ends = recorded.operations.iter().filter_map(|operation| operation.ended);
        let calls = recorded.operations.iter().map(|operation| operation.called);
        let mut moments: Vec<Moment> = calls.chain(ends).collect();
        moments.sort();
        let events = moments.last().map_or(0, |last| last.event as usize + 1);
        names.times = vec![0; events];
        // What happened before everything happened at 0 and 1.
        let mut last: u64 = 1;
        for moment in moments {
            let own = match names.clock {
                Clock::Nanoseconds => moment.time.unwrap_or(0),
                _ => u64::from(moment.event).saturating_mul(STEP).saturating_add(MARK),
            };
            last = own.max(last.saturating_add(1));
            names.times[moment.event as usize] = last;
            names.moments.push((last, moment));
        }
        names
    }

    /// The number of a value.
    pub(super) fn number(&mut self, value: &Value) -> u64 {
        if let Some(number) = value.number().filter(|number| *number < VALUES) {
            return number;
        }
        if let Some(number) = self.values.get(value) {
            return *number;
        }
        let number = VALUES + self.words.len() as u64;
        self.values.insert(value.clone(), number);
        self.words.push(value.clone());
        number
    }

    /// The numbers of several values, ascending.
    pub(super) fn numbers(&mut self, values: &[Value]) -> Vec<u64> {
        let mut numbers: Vec<u64> = values.iter().map(|value| self.number(value)).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The number of a client.
    pub(super) fn client(&mut self, process: &Process) -> u32 {
        if let Process::Number(number) = process
            && *number < CLIENTS
        {
            return *number;
        }
        if let Some(client) = self.clients.get(process) {
            return *client;
        }
        let room = u32::MAX - CLIENTS;
        let client = CLIENTS + u32::try_from(self.processes.len()).unwrap_or(room).min(room);
        self.clients.insert(process.clone(), client);
        self.processes.push(process.clone());
        client
    }

    /// When a moment was.
    pub(super) fn time(&self, moment: Moment) -> SimTime {
        SimTime(self.times.get(moment.event as usize).copied().unwrap_or(0))
    }

    /// What a moment is called, by its time.
    pub(super) fn moment(&self, time: u64) -> String {
        self.label(time).unwrap_or_else(|| SimTime(time).to_string())
    }

    /// What the file calls a moment; `None` where its time says it.
    fn label(&self, time: u64) -> Option<String> {
        let place = self.moments.binary_search_by_key(&time, |(time, _)| *time).ok()?;
        let moment = self.moments[place].1;
        match self.clock {
            Clock::Nanoseconds => None,
            Clock::Stamps => Some(format!("time {}", moment.time.unwrap_or(0))),
            Clock::Lines => Some(format!("line {}", moment.line)),
            Clock::Events => Some(format!("event {}", moment.event)),
        }
    }

    /// A verdict in the words of the file.
    pub(super) fn verdict(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Pass => Verdict::Pass,
            Verdict::Inconclusive(why) => Verdict::Inconclusive(self.tell(&why)),
            Verdict::Fail(explanation) => Verdict::Fail(Explanation {
                sentence: self.tell(&explanation.sentence),
                at_ns: explanation.at_ns,
                details: explanation.details.iter().map(|line| self.tell(line)).collect(),
                expected: self.tell(&explanation.expected),
                bars: explanation.bars.into_iter().map(|bar| self.bar(bar)).collect(),
            }),
        }
    }

    fn bar(&self, bar: Bar) -> Bar {
        let state_after = bar.state_after.map(|state| self.tell(&state));
        Bar { text: self.tell(&bar.text), state_after, ..bar }
    }

    /// A text in which the numbers that stand for something are what they stand for.
    pub(super) fn tell(&self, text: &str) -> String {
        let mut told = String::with_capacity(text.len());
        let mut text = Cow::Borrowed(text);
        for unsaid in &self.unsaid {
            text = Cow::Owned(text.replace(unsaid, ""));
        }
        if self.has_options {
            text = Cow::Owned(without_options(&text));
        }
        let mut rest = text.as_ref();
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            told.push_str(&rest[..at]);
            let digits = rest[at..].find(|c: char| !c.is_ascii_digit());
            let (number, behind) = rest[at..].split_at(digits.unwrap_or(rest.len() - at));
            rest = behind;
            // A time: digits, a point, six digits, an `s`.
            let fraction = behind.get(..8).filter(|part| {
                part.starts_with('.')
                    && part.ends_with('s')
                    && part[1..7].bytes().all(|byte| byte.is_ascii_digit())
            });
            if let Some(fraction) = fraction {
                // The times of events that have none are whole microseconds, as they are printed.
                let whole = format!("{number}{}000", &fraction[1..7]);
                let label = whole.parse().ok().and_then(|time| self.label(time));
                told.push_str(&label.unwrap_or_else(|| format!("{number}{fraction}")));
                rest = &behind[8..];
            } else {
                self.tell_number(number, &mut told);
            }
        }
        told.push_str(rest);
        told
    }

    fn tell_number(&self, digits: &str, told: &mut String) {
        let number: u64 = digits.parse().unwrap_or(0);
        let which = number.checked_sub(VALUES).and_then(|which| usize::try_from(which).ok());
        let value = which.and_then(|which| self.words.get(which));
        if let Some(value) = value {
            // A key that is no number is called by its name: `x`, not `kx`.
            let is_key = told.ends_with('k')
                && !told[..told.len() - 1].ends_with(|c: char| c.is_alphanumeric());
            if is_key {
                told.pop();
            }
            told.push_str(&match value {
                Value::Text(text) if is_key => shown(text),
                Value::Text(text) => format!("{text:?}"),
                other => other.edn(),
            });
            return;
        }
        let client = u32::try_from(number).ok().and_then(|number| number.checked_sub(CLIENTS));
        match client.and_then(|which| self.processes.get(which as usize)) {
            Some(process) if told.ends_with("client") => {
                told.truncate(told.len() - "client".len());
                told.push_str(&match process {
                    Process::Name(name) => shown(name),
                    Process::Number(number) => format!("client{number}"),
                });
            }
            _ => told.push_str(digits),
        }
    }
}

/// `Some(7)` as `7`, and `None` as `nothing`.
fn without_options(text: &str) -> String {
    let mut parts = text.split("Some(");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        match part[digits..].strip_prefix(')') {
            Some(rest) if digits > 0 => {
                told.push_str(&part[..digits]);
                told.push_str(rest);
            }
            _ => {
                told.push_str("Some(");
                told.push_str(part);
            }
        }
    }
    told.replace("None", "nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_told_by_their_value() {
        assert_eq!(without_options("from Some(3) to None"), "from 3 to nothing");
        assert_eq!(without_options("Some(x) Some(12)"), "Some(x) 12");
    }
}
