//! EDN, the notation of Clojure, as far as histories need it (<https://github.com/edn-format/edn>).
//!
//! Tags are read over, as `#jepsen.history.Op{..}` says nothing that its map does not say.

use super::source::{ReadError, Source, shown};
use super::value::Value;

/// How deep values may lie in each other.
pub(super) const DEEPEST: usize = 100;

/// Reads every form of a text, with where it begins; of a text that is one vector or list, each of
/// its elements.
pub(super) fn forms(source: &Source<'_>) -> Result<Vec<(usize, Value)>, ReadError> {
    let mut reader = Reader { source, at: 0 };
    reader.skip(0)?;
    let closing = match reader.peek() {
        Some(b'[') => Some(b']'),
        Some(b'(') => Some(b')'),
        _ => None,
    };
    if closing.is_some() {
        reader.at += 1;
    }
    let mut forms = Vec::new();
    loop {
        reader.skip(0)?;
        let at = reader.at;
        match reader.peek() {
            None if closing.is_none() => return Ok(forms),
            None => return Err(reader.unfinished("the vector of operations", 0)),
            found if found == closing => break,
            Some(_) => forms.push((at, reader.form(1)?)),
        }
    }
    reader.at += 1;
    reader.skip(0)?;
    if reader.peek().is_some() {
        let help = "a history is one vector of operations, or operations one after the other";
        return Err(reader.wrong("something follows the end of the vector", help));
    }
    Ok(forms)
}

/// Reads one value that is all of a piece of the text.
pub(super) fn value(source: &Source<'_>, from: usize, to: usize) -> Result<Value, ReadError> {
    let piece = Source::new(&source.text[from..to]);
    let moved = |error: ReadError| ReadError {
        line: source.line(from),
        column: source.error(from, "", "").column.saturating_add(error.column - 1),
        ..error
    };
    let mut reader = Reader { source: &piece, at: 0 };
    let value = reader.form(0).map_err(moved)?;
    reader.skip(0).map_err(moved)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(moved(reader.wrong("there should be one value, and something follows", ""))),
    }
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    at: usize,
}

/// Ends a keyword, a symbol or a number.
fn ends_token(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",()[]{}\";".contains(&byte)
}

impl<'t> Reader<'_, 't> {
    fn peek(&self) -> Option<u8> {
        self.source.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, what: impl Into<String>, help: &str) -> ReadError {
        self.source.error(self.at, what, help)
    }

    fn unfinished(&self, what: &str, begun: usize) -> ReadError {
        let line = self.source.line(begun);
        self.wrong(
            format!("the text ends within {what}, which begins in line {line}"),
            "the file may have been cut off",
        )
    }

    /// Skips space, commas, comments and discarded forms.
    fn skip(&mut self, depth: usize) -> Result<(), ReadError> {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() || byte == b',' => self.at += 1,
                Some(b';') => {
                    let rest = &self.source.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(b'#') if self.source.text[self.at..].starts_with("#_") => {
                    self.at += 2;
                    self.form(depth + 1)?;
                }
                Some(0xef) if self.source.text[self.at..].starts_with('\u{feff}') => self.at += 3,
                _ => return Ok(()),
            }
        }
    }

    fn form(&mut self, depth: usize) -> Result<Value, ReadError> {
        if depth > DEEPEST {
            let what = format!("values lie in each other more than {DEEPEST} deep");
            return Err(self.wrong(what, ""));
        }
        self.skip(depth)?;
        let begun = self.at;
        match self.peek() {
            None => Err(self.unfinished("a value", begun)),
            Some(b'[') => Ok(Value::List(self.items(b']', depth)?)),
            Some(b'(') => Ok(Value::List(self.items(b')', depth)?)),
            Some(b'{') => self.map(depth),
            Some(b'"') => self.string(),
            Some(b'\\') => self.letter(),
            Some(b'#') => self.dispatch(depth),
            Some(b'^') => {
                self.at += 1;
                self.form(depth + 1)?;
                self.form(depth + 1)
            }
            Some(closing @ (b']' | b')' | b'}')) => {
                let what = format!("`{}` closes nothing", char::from(closing));
                Err(self.wrong(what, "there is one too many, or another one is missing"))
            }
            Some(_) => self.token(),
        }
    }

    fn items(&mut self, closing: u8, depth: usize) -> Result<Vec<Value>, ReadError> {
        let begun = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip(depth)?;
            match self.peek() {
                None => return Err(self.unfinished("a value", begun)),
                Some(byte) if byte == closing => break,
                Some(_) => items.push(self.form(depth + 1)?),
            }
        }
        self.at += 1;
        Ok(items)
    }

    fn map(&mut self, depth: usize) -> Result<Value, ReadError> {
        let begun = self.at;
        let mut items = self.items(b'}', depth)?.into_iter();
        let mut pairs = Vec::with_capacity(items.len() / 2);
        while let Some(key) = items.next() {
            let Some(value) = items.next() else {
                let what = "this map has a key without a value";
                return Err(self.source.error(
                    begun,
                    what,
                    "a map has pairs: {:f :read, :value 3}",
                ));
            };
            pairs.push((key, value));
        }
        Ok(Value::Map(pairs))
    }

    /// What begins with `#`.
    fn dispatch(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        match self.peek() {
            Some(b'{') => {
                let mut items = self.items(b'}', depth)?;
                items.sort();
                items.dedup();
                Ok(Value::Set(items))
            }
            Some(b'#') => {
                self.at += 1;
                Ok(Value::Decimal(self.word().to_owned()))
            }
            // A tag: what it tags tells enough.
            Some(byte) if byte == b':' || byte.is_ascii_alphabetic() => {
                self.word();
                self.form(depth + 1)
            }
            _ => Err(self.wrong("`#` begins a set or a tag, and this is neither", "")),
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = &self.source.text[self.at..];
        let length = rest.bytes().position(ends_token).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn token(&mut self) -> Result<Value, ReadError> {
        let begun = self.at;
        let word = self.word();
        let wrong = |what: String, help: &str| Err(self.source.error(begun, what, help));
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            return number(word).ok_or(()).or_else(|()| {
                let help = "whole numbers go from -2^63 to 2^63-1; write larger ones as strings";
                wrong(format!("`{}` is no number that can be read", shown(word)), help)
            });
        }
        match word {
            "nil" => Ok(Value::Nil),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            ":" | "" => wrong("a keyword has no name".to_owned(), "write one like :read"),
            _ => Ok(Value::Word(word.strip_prefix(':').unwrap_or(word).to_owned())),
        }
    }

    /// A character: `\a`, `\newline`.
    fn letter(&mut self) -> Result<Value, ReadError> {
        self.at += 1;
        let Some(first) = self.source.text[self.at..].chars().next() else {
            return Err(self.unfinished("a character", self.at - 1));
        };
        let begun = self.at;
        self.at += first.len_utf8();
        self.word();
        let text = match &self.source.text[begun..self.at] {
            "newline" => "\n",
            "space" => " ",
            "tab" => "\t",
            other => other,
        };
        Ok(Value::Text(text.to_owned()))
    }

    fn string(&mut self) -> Result<Value, ReadError> {
        let (text, length) = super::json::string(self.source, self.at)?;
        self.at += length;
        Ok(Value::Text(text))
    }
}

/// A number as Clojure writes it: `42`, `42N`, `1.5`, `1e9`, `1.5M`.
fn number(word: &str) -> Option<Value> {
    let whole = word.strip_suffix('N').unwrap_or(word);
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    if let Ok(number) = whole.parse::<i64>() {
        return Some(Value::Int(number));
    }
    let decimal = word.strip_suffix('M').unwrap_or(word);
    let has_point = decimal.contains(['.', 'e', 'E']);
    (has_point && decimal.parse::<f64>().is_ok()).then(|| Value::Decimal(decimal.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, ReadError> {
        value(&Source::new(text), 0, text.len())
    }

    #[test]
    fn values_are_read_and_written_back() {
        for text in [
            "nil",
            "true",
            "-7",
            "1.5",
            ":cas",
            r#""a\"b\\\n""#,
            "[1 [2 nil] \"x\"]",
            "{:f :read, :value [1 2]}",
            "#{1 2 3}",
            "[]",
        ] {
            assert_eq!(read(text).unwrap().edn(), text);
        }
        for (text, means) in [
            ("#jepsen.history.Op{:index 0}", "{:index 0}"),
            ("#inst \"2026-01-01\"", "\"2026-01-01\""),
            ("(1 #_2 3) ; three", "[1 3]"),
            ("7N", "7"),
            ("#{3 1 1}", "#{1 3}"),
            (r#""A\u00e9""#, "\"Aé\""),
            ("[\\a \\newline]", r#"["a" "\n"]"#),
            ("^{:a 1} [2]", "[2]"),
        ] {
            assert_eq!(read(text).unwrap().edn(), means, "{text}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, column, what) in [
            ("[1 2", 5, "ends within"),
            ("{:a}", 1, "a key without a value"),
            ("1]", 2, "something follows"),
            ("[1 }", 4, "closes nothing"),
            ("99999999999999999999", 1, "no number"),
            ("[1/2]", 2, "no number"),
            ("\"abc", 5, "ends within"),
            ("# x", 2, "neither"),
            (":", 1, "no name"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.line, error.column), (1, column), "{text}: {error}");
            assert!(error.what.contains(what), "{text}: {error}");
        }
        assert!(read(&"[".repeat(100_000)).unwrap_err().what.contains("deep"));
        assert!(read(&"#_".repeat(100_000)).unwrap_err().what.contains("deep"));
    }

    #[test]
    fn forms_are_a_stream_or_a_vector() {
        for text in ["{:a 1}\n{:b 2}", "[{:a 1}\n {:b 2}]", " ({:a 1},{:b 2})\n"] {
            let forms = forms(&Source::new(text)).unwrap();
            assert_eq!(forms.len(), 2, "{text}");
        }
        assert!(forms(&Source::new("[1] 2")).is_err());
    }
}
