//! Findings about a scenario, and how they are shown.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use crate::source::{Site, Sources};

/// More findings than this are counted, not shown: the first ones usually cause the others.
const MOST_SHOWN: usize = 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario can not be run.
    Error,
    /// It can be run, but probably does not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing to say about a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding(Box<Body>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Body {
    severity: Severity,
    message: String,
    site: Option<Site>,
    label: String,
    also: Vec<(Site, String)>,
    help: Vec<String>,
}

/// A place in a text, for programs that show findings themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, the bundled scenario, or the option of the command line.
    pub source: String,
    /// The bytes that are underlined.
    pub span: Range<usize>,
    /// The line of the first byte, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl Finding {
    fn new(severity: Severity, site: Option<Site>, message: String) -> Finding {
        let (label, also, help) = (String::new(), Vec::new(), Vec::new());
        Finding(Box::new(Body { severity, message, site, label, also, help }))
    }

    pub(crate) fn error(site: Site, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, Some(site), message.into())
    }

    pub(crate) fn warning(site: Site, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Warning, Some(site), message.into())
    }

    pub(crate) fn note(site: Site, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Note, Some(site), message.into())
    }

    /// An error about something that has no text, like a file that is not there. With a site it is
    /// the place that asked for it.
    pub(crate) fn nowhere(site: Option<Site>, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, site, message.into())
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Finding {
        self.0.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Finding {
        self.0.help.push(help.into());
        self
    }

    pub(crate) fn help_if(self, help: Option<String>) -> Finding {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    pub(crate) fn also(mut self, site: Site, label: impl Into<String>) -> Finding {
        self.0.also.push((site, label.into()));
        self
    }

    /// The place it points to.
    pub(crate) fn site(&self) -> Option<&Site> {
        self.0.site.as_ref()
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// What is wrong, in a sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The cures on offer.
    pub fn help_lines(&self) -> &[String] {
        &self.0.help
    }
}

/// Findings with the texts they point into. Both of its forms as text are the findings as people
/// read them, without colour, so that an `unwrap` in a test shows what is wrong and where.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Report {
    sources: Sources,
    findings: Vec<Finding>,
}

impl Report {
    /// Findings in the order of the texts; the worst ones first where they share a place.
    pub(crate) fn new(sources: Sources, mut findings: Vec<Finding>) -> Report {
        findings.sort_by(|a, b| (&a.0.site, a.0.severity).cmp(&(&b.0.site, b.0.severity)));
        findings.dedup();
        Report { sources, findings }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Everything there is to say, in the order of the texts.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Where a finding of this report points to; `None` when it is about a text that is not there.
    pub fn place(&self, finding: &Finding) -> Option<Place> {
        let site = finding.0.site.as_ref()?;
        let source = &self.sources.0[site.source];
        let before = &source.text[..site.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Place {
            source: source.name.clone(),
            span: site.span(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }

    /// The findings as text for people, every one with the place it points to underlined.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for finding in self.findings.iter().take(MOST_SHOWN) {
            text.push_str(&renderer.render(&self.groups(finding)));
            text.push_str("\n\n");
        }
        if self.findings.len() > MOST_SHOWN {
            text.push_str(&format!("... and {} more\n", self.findings.len() - MOST_SHOWN));
        }
        text
    }

    fn groups<'a>(&'a self, finding: &'a Finding) -> Vec<Group<'a>> {
        let level = match finding.0.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(normalize_untrusted_str(&finding.0.message));
        let mut group = Group::with_title(title);
        if let Some(site) = &finding.0.site {
            let mut first = self.snippet(site);
            first = first.annotation(annotation(site, &finding.0.label, AnnotationKind::Primary));
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                finding.0.also.iter().partition(|(also, _)| also.source == site.source);
            for (also, label) in here {
                first = first.annotation(annotation(also, label, AnnotationKind::Context));
            }
            group = group.element(first);
            for (also, label) in elsewhere {
                let context = annotation(also, label, AnnotationKind::Context);
                group = group.element(self.snippet(also).annotation(context));
            }
        }
        for help in &finding.0.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        vec![group]
    }

    fn snippet(&self, site: &Site) -> Snippet<'_, Annotation<'_>> {
        let source = &self.sources.0[site.source];
        Snippet::source(source.text.as_str()).path(normalize_untrusted_str(&source.name))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("nothing to say") } else { write!(f, "\n{self}\n") }
    }
}

impl Error for Report {}

fn annotation<'a>(site: &Site, label: &str, kind: AnnotationKind) -> Annotation<'a> {
    let annotation = kind.span(site.span());
    if label.is_empty() { annotation } else { annotation.label(normalize_untrusted_str(label)) }
}
