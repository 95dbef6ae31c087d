//! The scenarios that are built in: every `<topic>/<name>.toml` of this package's folder.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// `raft/leader-crash`.
    pub name: &'static str,
    /// The whole file.
    pub text: &'static str,
}

impl Bundled {
    /// The scenario's title, as its own file says it.
    pub fn title(&self) -> &'static str {
        let line = self.text.lines().find_map(|line| line.strip_prefix("title = \""));
        line.and_then(|rest| rest.split('"').next()).unwrap_or_default()
    }
}

// `ALL`, in the order of the names, and `BASES`, which others build on with `extends` and whose
// names start with an underscore.
include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The scenario or base of this name.
pub(crate) fn find(name: &str) -> Option<&'static Bundled> {
    ALL.iter().chain(BASES).find(|bundled| bundled.name == name)
}
