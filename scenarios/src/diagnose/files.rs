//! Messages about texts: files, TOML, `extends` and `--set`.

use crate::report::Finding;
use crate::source::Site;
use crate::suggest;
use crate::tree::Path;

pub(crate) fn syntax(site: Site, text: &str, message: &str) -> Finding {
    let word = &text[site.span()];
    let line = text[..site.start].rsplit('\n').next().unwrap_or_default();
    let after_equals = line.trim_end().ends_with('=');
    if message == "duplicate key" {
        return Finding::error(site, format!("`{word}` is here for the second time"))
            .help("remove one; a table that occurs several times is written [[...]]");
    }
    if message.starts_with("string values must be quoted") {
        if word.trim().is_empty() {
            return Finding::error(site, "there is no value here").help("write one behind the `=`");
        }
        let finding = Finding::error(site, "this is no value");
        return if after_equals && !word.contains('"') {
            finding.help(format!("strings stand in quotes: \"{word}\""))
        } else {
            finding
        };
    }
    Finding::error(site, format!("this is not TOML: {}", message.replace('`', "'")))
}

pub(crate) fn date(site: Site) -> Finding {
    Finding::error(site, "no key of a scenario takes a date")
        .help("the time of a run starts at zero: write durations, like \"5s\"")
}

pub(crate) fn no_number(site: Site, text: &str) -> Finding {
    Finding::error(site, format!("`{text}` is no number that a scenario can use"))
        .help("write a finite number")
}

pub(crate) fn integer_too_large(site: Site) -> Finding {
    Finding::error(site, "this number does not fit into 64 bits").help("write a smaller one")
}

pub(crate) fn empty_file(site: Site) -> Finding {
    Finding::error(site, "this scenario is empty")
        .help("it needs at least protocol = \"...\" and duration = \"20s\"")
        .help("`rehearsal new PROTOCOL` writes a scenario to start from")
}

pub(crate) fn not_utf8(site: Site, offset: usize) -> Finding {
    Finding::error(site, format!("this is no text: byte {offset} is not UTF-8"))
        .help("a scenario is a TOML file in UTF-8")
}

pub(crate) fn too_large(site: Option<Site>, name: &str) -> Finding {
    Finding::nowhere(site, format!("`{name}` is larger than 1 MiB"))
        .help("a scenario is a small text: is this the right file?")
}

pub(crate) fn missing_file(site: Option<Site>, name: &str, near: Option<String>) -> Finding {
    let from = match &site {
        Some(_) => "what a file builds on lies in the folder of that file, or below it",
        None => "a path counts from the folder you are in; a bundled scenario has no .toml",
    };
    let finding = Finding::nowhere(site, format!("there is no file `{name}`"));
    finding.help(near.map_or(from.to_owned(), |near| format!("did you mean `{near}`?")))
}

pub(crate) fn is_folder(site: Option<Site>, name: &str) -> Finding {
    Finding::nowhere(site, format!("`{name}` is a folder"))
        .help("name one of the .toml files in it")
}

pub(crate) fn unreadable(site: Option<Site>, name: &str, why: &str) -> Finding {
    Finding::nowhere(site, format!("`{name}` can not be read: {why}"))
        .help("name a text file that you may read")
}

pub(crate) fn unknown_scenario(name: &str, near: Option<&str>) -> Finding {
    Finding::nowhere(None, format!("there is no scenario `{name}`"))
        .help_if(near.map(|near| format!("did you mean `{near}`?")))
        .help(
            "`rehearsal list scenarios` shows those that are built in; a file is named with its \
               .toml",
        )
}

pub(crate) fn extends_leaves(site: Site) -> Finding {
    Finding::error(site, "a scenario can only build on files of its own folder")
        .help("name a file beside this one or below it, like \"base.toml\"")
}

pub(crate) fn extends_cycle(site: Site, name: &str) -> Finding {
    Finding::error(site, format!("`{name}` builds on itself"))
        .label("this leads back")
        .help("remove one `extends` of the circle")
}

pub(crate) fn set_without_value(site: Site) -> Finding {
    Finding::error(site, "an override is a key and a value")
        .help("write --set key=value, like --set network.loss=0.05")
}

pub(crate) fn set_bad_key(site: Site) -> Finding {
    Finding::error(site, "this is no key")
        .help("keys look like duration, network.loss or fault[0].at")
}

pub(crate) fn set_extends(site: Site) -> Finding {
    Finding::error(site, "what a scenario builds on can not be overridden")
        .help("write `extends` into a file of its own, and run that")
}

pub(crate) fn set_into_value(site: Site, table: &Path, is_list: bool) -> Finding {
    if is_list {
        return Finding::error(site, format!("`{table}` is a list"))
            .help(format!("name one of its entries: {table}[0]"));
    }
    Finding::error(site, format!("`{table}` is no table, it has no keys"))
        .help(format!("set it as a whole: --set {table}=..."))
}

pub(crate) fn set_bad_index(site: Site, list: &Path, length: Option<usize>) -> Finding {
    match length {
        Some(0) | None => Finding::error(site, format!("`{list}` has no entries"))
            .help("a number in brackets names an entry that the file lists"),
        Some(1) => Finding::error(site, format!("`{list}` has only one entry"))
            .help(format!("that is {list}[0]")),
        Some(length) => Finding::error(site, format!("`{list}` has only {length} entries"))
            .help(format!("they are {list}[0] to {list}[{}]", length - 1)),
    }
}

/// The nearest of some names to one that does not exist.
pub(crate) fn nearest_name(name: &str, names: &[String]) -> Option<String> {
    suggest::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}
