//! JSON, read with where each value stands.

use super::edn::DEEPEST;
use super::source::{ReadError, Source, shown};
use super::value::Value;

/// Reads every value of a text, with where it begins; of a text that is one array, each of its
/// elements.
pub(super) fn values(source: &Source<'_>) -> Result<Vec<(usize, Value)>, ReadError> {
    let mut reader = Reader { source, at: 0 };
    reader.skip();
    let mut values = Vec::new();
    if reader.peek() != Some(b'[') {
        while reader.peek().is_some() {
            values.push((reader.at, reader.value(0)?));
            reader.skip();
        }
        return Ok(values);
    }
    reader.at += 1;
    reader.items(b']', |reader| {
        values.push((reader.at, reader.value(1)?));
        Ok(())
    })?;
    reader.skip();
    match reader.peek() {
        None => Ok(values),
        Some(_) => Err(reader.wrong("something follows the end of the array")),
    }
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    at: usize,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.source.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, what: impl Into<String>) -> ReadError {
        self.source.error(self.at, what, "")
    }

    fn skip(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Reads what is separated by commas, up to its end.
    fn items(
        &mut self,
        closing: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.skip();
        if self.peek() == Some(closing) {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip();
            item(self)?;
            self.skip();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == closing => break,
                Some(_) => {
                    let what = format!("a comma or `{}` is missing here", char::from(closing));
                    return Err(self.wrong(what));
                }
                None => return Err(self.wrong("the text ends within a value")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, ReadError> {
        if depth > DEEPEST {
            return Err(self.wrong(format!("values lie in each other more than {DEEPEST} deep")));
        }
        match self.peek() {
            None => Err(self.wrong("the text ends where a value should be")),
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                self.items(b']', |reader| {
                    items.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::List(items))
            }
            Some(b'{') => {
                self.at += 1;
                let mut pairs = Vec::new();
                self.items(b'}', |reader| {
                    pairs.push(reader.pair(depth)?);
                    Ok(())
                })?;
                Ok(Value::Map(pairs))
            }
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(_) => self.plain(),
        }
    }

    fn pair(&mut self, depth: usize) -> Result<(Value, Value), ReadError> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a key of an object is a string in double quotes"));
        }
        let key = self.string()?;
        self.skip();
        if self.peek() != Some(b':') {
            return Err(self.wrong("a colon is missing between key and value"));
        }
        self.at += 1;
        self.skip();
        Ok((Value::Text(key), self.value(depth + 1)?))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        let (text, length) = string(self.source, self.at)?;
        self.at += length;
        Ok(text)
    }

    /// A number, `true`, `false` or `null`.
    fn plain(&mut self) -> Result<Value, ReadError> {
        let rest = &self.source.text[self.at..];
        let ends = |byte: u8| byte.is_ascii_whitespace() || b",]}[{:\"".contains(&byte);
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "null" => Some(Value::Nil),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => word.parse().ok().map(Value::Int).or_else(|| {
                let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                let has_point = word.contains(['.', 'e', 'E']);
                let reads = is_number && has_point && word.parse::<f64>().is_ok();
                reads.then(|| Value::Decimal(word.to_owned()))
            }),
        };
        let Some(value) = value else {
            let help = "strings stand in double quotes; whole numbers go from -2^63 to 2^63-1";
            let what = format!("`{}` is no value of JSON", shown(word));
            return Err(self.source.error(self.at, what, help));
        };
        self.at += length;
        Ok(value)
    }
}

/// Reads a string that begins at `from` with its quote, with the escapes of JSON and EDN; gives back
/// how many bytes it takes.
pub(super) fn string(source: &Source<'_>, from: usize) -> Result<(String, usize), ReadError> {
    let mut text = String::new();
    let mut letters = source.text[from..].char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((text, at + 1)),
            '\\' => {
                let escape = letters.next().map(|(_, letter)| letter);
                let wrong = || {
                    let help =
                        "there are \\n \\t \\r \\b \\f \\/ \\\\ \\\" and \\u with four digits";
                    source.error(from + at, "there is no such escape in a string", help)
                };
                text.push(match escape {
                    Some(plain @ ('"' | '\\' | '/')) => plain,
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('u') => {
                        let rest = &source.text[from + at..];
                        let (letter, length) = unicode(rest).ok_or_else(wrong)?;
                        // Two are taken already: the backslash and the letter.
                        letters.by_ref().take(length - 2).for_each(drop);
                        letter
                    }
                    _ => return Err(wrong()),
                });
            }
            plain => text.push(plain),
        }
    }
    let line = source.line(from);
    let what = format!("the text ends within a string, which begins in line {line}");
    Err(source.error(source.text.len(), what, "its closing quote is missing"))
}

/// Reads `\u0041`, or the two halves of a letter beyond; gives back how many bytes it takes.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let first = unit(0)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, 6));
    }
    let second = unit(6).filter(|second| (0xdc00..0xe000).contains(second))?;
    let high = first.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    char::from_u32(0x1_0000 + (high << 10) + (second - 0xdc00)).map(|letter| (letter, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_places() {
        let text = "[{\"a\": [1, -2.5, null]},\n \"\\u0041\\n\", true]";
        let read = values(&Source::new(text)).unwrap();
        let written: Vec<_> = read.iter().map(|(at, value)| (*at, value.json())).collect();
        let expected = [(1, "{\"a\":[1,-2.5,null]}"), (26, "\"A\\n\""), (38, "true")];
        assert_eq!(written, expected.map(|(at, text)| (at, text.to_owned())));
        assert_eq!(values(&Source::new("{}\n{}")).unwrap().len(), 2);
        let pair = values(&Source::new("\"\\ud83d\\ude00!\"")).unwrap();
        assert_eq!(pair, [(0, Value::Text("\u{1f600}!".to_owned()))]);
        assert!(values(&Source::new("\"\\ud83d!\"")).is_err());
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, column) in [
            ("[1 2]", 4),
            ("[1,", 4),
            ("{\"a\" 1}", 6),
            ("{a: 1}", 2),
            ("[nul]", 2),
            ("[1] 2", 5),
            ("[\"a\\q\"]", 4),
        ] {
            let error = values(&Source::new(text)).unwrap_err();
            assert_eq!((error.line, error.column), (1, column), "{text}: {error}");
        }
        assert!(values(&Source::new(&"[".repeat(100_000))).is_err());
    }
}
