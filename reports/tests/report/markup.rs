//! A small reader of markup, enough to hold a page to its promises.

use std::collections::{BTreeMap, BTreeSet};

/// An element's start: its name and attributes.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The text between this tag and the next one of any kind.
    pub(crate) text: String,
}

const VOID: [&str; 5] = ["meta", "link", "br", "hr", "wbr"];

/// Reads a page into its start tags; panics where it is not well formed: tags that do not match,
/// an attribute twice, an identifier twice, a bare `<` or `&`.
pub(crate) fn read(page: &str) -> Vec<Tag> {
    let body = page.strip_prefix("<!DOCTYPE html>").expect("a page begins with its type");
    let (mut tags, mut open, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        if let Some(last) = tags.last_mut() {
            let last: &mut Tag = last;
            if last.text.is_empty() {
                rest[..start].clone_into(&mut last.text);
            }
        }
        check_text(&rest[..start], open.last().is_some_and(|name| name == "style"));
        let end = start + rest[start..].find('>').expect("every tag ends");
        let inside = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "</{name}> closes another element");
            continue;
        }
        let closed = inside.ends_with('/');
        let tag = read_tag(inside.trim_end_matches('/'));
        if let Some(id) = tag.attributes.get("id") {
            assert!(ids.insert(id.clone()), "the id {id} is there twice");
        }
        if !closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

fn check_text(text: &str, style: bool) {
    if style {
        return;
    }
    for (at, _) in text.match_indices('&') {
        let entity = &text[at..text[at..].find(';').map_or(text.len(), |end| at + end + 1)];
        let known = ["&lt;", "&gt;", "&amp;", "&quot;", "&apos;"];
        assert!(known.contains(&entity), "a bare & in: {text}");
    }
}

fn read_tag(inside: &str) -> Tag {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    while !rest.trim().is_empty() {
        let (key, after) = rest.trim_start().split_once("=\"").expect("every attribute is quoted");
        let (value, after) = after.split_once('"').expect("every attribute ends");
        check_text(value, false);
        let twice = attributes.insert(key.to_owned(), value.to_owned());
        assert!(twice.is_none(), "the attribute {key} is there twice");
        rest = after;
    }
    Tag { name: name.to_owned(), attributes, text: String::new() }
}
