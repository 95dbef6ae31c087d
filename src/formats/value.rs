//! Values as histories write them, whatever the format.

use std::fmt::Write as _;

/// A value of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing: `nil`, `null`, or a field that is not there.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as it was written.
    Decimal(String),
    /// A string.
    Text(String),
    /// A keyword or symbol, without its colon.
    Word(String),
    /// Several, in order.
    List(Vec<Value>),
    /// Several, ascending.
    Set(Vec<Value>),
    /// Pairs, in the order they were written.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// What a map has under a name, be it a keyword or a string.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| key.name() == Some(name)).map(|(_, value)| value)
    }

    /// The text of a string, keyword or symbol.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Word(text) => Some(text.strip_prefix(':').unwrap_or(text)),
            _ => None,
        }
    }

    /// The elements of a list or set.
    #[must_use]
    pub fn items(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is [`Value::Nil`].
    #[must_use]
    pub fn is_nil(&self) -> bool {
        *self == Value::Nil
    }

    /// The number, if it is a whole one that is not negative.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// As EDN, on one line.
    #[must_use]
    pub fn edn(&self) -> String {
        let mut text = String::new();
        self.write_edn(&mut text);
        text
    }

    fn write_edn(&self, out: &mut String) {
        match self {
            Value::Nil => out.push_str("nil"),
            Value::Word(word) => {
                out.push(':');
                out.push_str(word);
            }
            Value::List(items) => {
                out.push('[');
                separated(out, items, ' ', Value::write_edn);
                out.push(']');
            }
            Value::Set(items) => {
                out.push_str("#{");
                separated(out, items, ' ', Value::write_edn);
                out.push('}');
            }
            Value::Map(pairs) => {
                out.push('{');
                for (number, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    key.write_edn(out);
                    out.push(' ');
                    value.write_edn(out);
                }
                out.push('}');
            }
            plain => plain.write_plain(out),
        }
    }

    /// As JSON, on one line; sets are lists there, and keys of maps are strings.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text);
        text
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Value::Nil => out.push_str("null"),
            Value::Word(word) => quote(out, word),
            Value::List(items) | Value::Set(items) => {
                out.push('[');
                separated(out, items, ',', Value::write_json);
                out.push(']');
            }
            Value::Map(pairs) => {
                out.push('{');
                for (number, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { "," });
                    match key.name() {
                        Some(name) => quote(out, name),
                        None => quote(out, &key.edn()),
                    }
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
            plain => plain.write_plain(out),
        }
    }

    /// What looks the same in both.
    fn write_plain(&self, out: &mut String) {
        match self {
            Value::Bool(is_so) => write!(out, "{is_so}").expect("a string takes text"),
            Value::Int(number) => write!(out, "{number}").expect("a string takes text"),
            Value::Decimal(digits) => out.push_str(digits),
            Value::Text(text) => quote(out, text),
            _ => unreachable!("only plain values come here"),
        }
    }
}

fn separated(out: &mut String, items: &[Value], between: char, write: fn(&Value, &mut String)) {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push(between);
        }
        write(item, out);
    }
}

/// A string in quotes, in the escapes that EDN and JSON share.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() && (control as u32) < 0x1_0000 => {
                write!(out, "\\u{:04x}", control as u32).expect("a string takes text");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
