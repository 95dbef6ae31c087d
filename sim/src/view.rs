//! What a node shows of itself: a closed set of shapes that pictures know how to draw.

use std::fmt::{Display, Write as _};

use crate::record::FieldChange;

/// The longest value that a trace keeps of a field, in characters.
const LONGEST: usize = 200;

/// The description of one node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Named values, in the order given.
    pub fields: Vec<(&'static str, String)>,
    /// Log strips, in the order given.
    pub logs: Vec<LogStrip>,
    /// Where only the fields are asked for, and how far the logs go: the fields of a trace.
    sketch: Option<Sketch>,
}

/// A log, drawn as a strip of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStrip {
    /// Its name.
    pub name: &'static str,
    /// The index of the first cell.
    pub first_index: u64,
    /// One short label per entry.
    pub cells: Vec<String>,
    /// Entries up to this index are committed.
    pub committed: u64,
}

impl View {
    /// A view that asks for no more than what a trace keeps.
    pub(crate) fn sketch() -> View {
        View { sketch: Some(Sketch::default()), ..View::default() }
    }

    /// What was shown to a view made by [`View::sketch`].
    pub(crate) fn sketched(&mut self) -> &mut Sketch {
        self.sketch.as_mut().expect("it was made as a sketch")
    }

    /// Shows a named value.
    #[allow(clippy::needless_pass_by_value)] // numbers and texts, written in place
    pub fn field(&mut self, name: &'static str, value: impl Display) {
        match &mut self.sketch {
            Some(sketch) => sketch.field(name, format_args!("{value}")),
            None => self.fields.push((name, value.to_string())),
        }
    }
    /// Shows a log whose first entry has index `first_index`.
    pub fn log(
        &mut self,
        name: &'static str,
        first_index: u64,
        cells: impl IntoIterator<Item = String>,
        committed: u64,
    ) {
        let cells = cells.into_iter();
        if let Some(sketch) = &mut self.sketch {
            // No cell is asked for: logs are long, and change with nearly every step.
            let entries = cells.size_hint().1.unwrap_or(0) as u64;
            let last = first_index.saturating_add(entries).saturating_sub(1);
            sketch.field(name, format_args!("to {last}"));
            return;
        }
        let cells = cells.collect();
        self.logs.push(LogStrip { name, first_index, cells, committed });
    }
}

/// The fields of a view, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch {
    text: String,
    /// Name and end of each field.
    ends: Vec<(&'static str, usize)>,
}

impl Sketch {
    fn field(&mut self, name: &'static str, value: std::fmt::Arguments<'_>) {
        let start = self.text.len();
        write!(self.text, "{value}").expect("a string takes text");
        if let Some((end, _)) = self.text[start..].char_indices().nth(LONGEST) {
            self.text.truncate(start + end);
            self.text.push('…');
        }
        self.ends.push((name, self.text.len()));
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (name, end))| (*name, &self.text[start..*end]))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields().find(|(of, _)| *of == name).map(|(_, value)| value)
    }

    /// The fields that are others than before, in the order given, and then those that are gone. Of
    /// several fields of one name the first counts.
    pub(crate) fn changes(&self, before: &Sketch) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let mut add = |name: &str, from: Option<&str>, to: Option<&str>| {
            let [from, to] = [from, to].map(|value| value.map(str::to_owned));
            changes.push(FieldChange { field: name.to_owned(), from, to });
        };
        for (name, value) in self.fields().filter(|(name, value)| self.get(name) == Some(value)) {
            let was = before.get(name);
            if was != Some(value) {
                add(name, was, Some(value));
            }
        }
        for (name, value) in before.fields() {
            if self.get(name).is_none() && before.get(name) == Some(value) {
                add(name, Some(value), None);
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(show: impl Fn(&mut View)) -> Sketch {
        let mut view = View::sketch();
        show(&mut view);
        view.sketched().clone()
    }

    #[test]
    fn a_sketch_tells_what_changed() {
        let before = sketch(|view| {
            view.field("term", 3);
            view.field("votes", 1);
            view.log("log", 1, (0..9).map(|_| unreachable!("no cell is drawn")), 4);
        });
        let after = sketch(|view| {
            view.field("term", 4);
            view.field("leader", "x".repeat(500));
            view.log("log", 1, (0..9).map(|_| unreachable!("no cell is drawn")), 4);
        });
        let told = |changes: Vec<FieldChange>| {
            changes.iter().map(ToString::to_string).collect::<Vec<String>>()
        };
        let long = format!("leader: {}…", "x".repeat(200));
        assert_eq!(told(after.changes(&before)), ["term: 3 -> 4", &long, "votes: 1 -> -"]);
        assert_eq!(told(after.changes(&after)), [""; 0]);
        let all = ["term: 3", "votes: 1", "log: to 9"];
        assert_eq!(told(before.changes(&Sketch::default())), all);
    }
}
