//! The texts a scenario is made of, and places in them.

use std::ops::Range;

/// One text: a file, a bundled scenario, or what followed `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// What stands before the line number in a message.
    pub(crate) name: String,
    /// All of it.
    pub(crate) text: String,
}

/// A stretch of one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    /// Index into [`Sources`].
    pub(crate) source: usize,
    /// First byte.
    pub(crate) start: usize,
    /// The byte behind the last one.
    pub(crate) end: usize,
}

impl Site {
    pub(crate) fn new(source: usize, span: Range<usize>) -> Site {
        Site { source, start: span.start, end: span.end }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Every text read so far; the scenario itself is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(pub(crate) Vec<Source>);

impl Sources {
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.0.push(Source { name: name.into(), text: text.into() });
        self.0.len() - 1
    }

    pub(crate) fn text(&self, source: usize) -> &str {
        &self.0[source].text
    }
}
