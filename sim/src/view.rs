//! What a node shows of itself: a closed set of shapes that pictures know how to draw.

/// The description of one node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Named values, in the order given.
    pub fields: Vec<(&'static str, String)>,
    /// Log strips, in the order given.
    pub logs: Vec<LogStrip>,
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
    /// Shows a named value.
    #[allow(clippy::needless_pass_by_value)] // numbers and texts, written in place
    pub fn field(&mut self, name: &'static str, value: impl ToString) {
        self.fields.push((name, value.to_string()));
    }
    /// Shows a log whose first entry has index `first_index`.
    pub fn log(
        &mut self,
        name: &'static str,
        first_index: u64,
        cells: impl IntoIterator<Item = String>,
        committed: u64,
    ) {
        let cells = cells.into_iter().collect();
        self.logs.push(LogStrip { name, first_index, cells, committed });
    }
}
