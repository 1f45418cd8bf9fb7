//! CSV as data frames read it, in two passes: the kind of each column, then its values.
//!
//! - A field without characters and without quotes is missing; `""` is the empty word. So are the words for missing
//!   that data frames know (`NA`, `NaN`, `null`, …), unless they are quoted.
//! - A column is yes-or-no, whole, fractional or text by all of its fields. A quoted field makes it text, unless the
//!   header is quoted as well: then the writer quotes everything.
//! - In a file with one column an empty line is a missing value; in a wider one it is skipped.

use std::borrow::Cow;

use base::{Error, Result};

use super::arrow_table::Words;
use super::table::{Table, Values};
use crate::measure::drift::MISSING;

/// A field and whether it was quoted.
struct Field<'a> {
    text: Cow<'a, str>,
    quoted: bool,
}

impl Field<'_> {
    fn is_missing(&self) -> bool {
        !self.quoted
            && matches!(
                self.text.as_ref(),
                "" | "NA"
                    | "N/A"
                    | "n/a"
                    | "NaN"
                    | "nan"
                    | "null"
                    | "NULL"
                    | "None"
                    | "<NA>"
                    | "#N/A"
            )
    }

    fn truth(&self) -> Option<bool> {
        match self.text.as_ref() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        self.text.trim().parse().ok()
    }
}

/// What all fields of a column so far could be.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent facts about one column"
)]
struct Guess {
    truth: bool,
    whole: bool,
    number: bool,
    any: bool,
    missing: bool,
}

impl Guess {
    fn look(&mut self, field: &Field<'_>, quotes_mean_text: bool) {
        if field.is_missing() {
            self.missing = true;
            return;
        }
        self.any = true;
        if field.quoted && quotes_mean_text {
            (self.truth, self.whole, self.number) = (false, false, false);
        }
        self.truth = self.truth && field.truth().is_some();
        self.whole = self.whole && field.text.trim().parse::<i64>().is_ok();
        self.number = self.number && (self.whole || field.number().is_some());
    }

    fn start(self, rows: usize) -> Building {
        if !self.any || self.number {
            return Building::Numbers {
                values: Vec::with_capacity(rows),
                whole: self.any && self.whole && !self.missing,
            };
        }
        if self.truth {
            return Building::Truth(Vec::with_capacity(rows));
        }
        Building::Words(Words::default())
    }
}

enum Building {
    Numbers { values: Vec<f64>, whole: bool },
    Truth(Vec<u32>),
    Words(Words),
}

/// Reads a file whose first line names the columns.
pub(super) fn read(source: &str, bytes: &[u8], delimiter: u8) -> Result<Table> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .split(|byte| *byte == b'\n')
            .count();
        Error::invalid(format!("line {line} is not UTF-8")).hint("save the file as UTF-8")
    })?;
    let mut scan = Scan {
        text,
        at: 0,
        line: 1,
        delimiter,
    };
    let (mut names, mut header_quoted) = (Vec::new(), true);
    scan.record(|_, field| {
        header_quoted &= field.quoted;
        names.push(field.text.into_owned());
    })?;
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            return Err(Error::invalid(format!("two columns are called {name:?}"))
                .hint("give each column a name of its own"));
        }
    }
    let body = (scan.at, scan.line);
    let mut guesses = vec![
        Guess {
            truth: true,
            whole: true,
            number: true,
            any: false,
            missing: false,
        };
        names.len()
    ];
    let rows = scan.rows(names.len(), |place, field| {
        guesses[place].look(&field, !header_quoted);
    })?;
    (scan.at, scan.line) = body;
    let mut columns: Vec<Building> = guesses.into_iter().map(|guess| guess.start(rows)).collect();
    scan.rows(names.len(), |place, field| columns[place].push(&field))?;
    let columns = names
        .into_iter()
        .zip(columns.into_iter().map(Building::finish))
        .collect();
    Ok(Table::new(source.to_owned(), rows, columns))
}

impl Building {
    fn push(&mut self, field: &Field<'_>) {
        let missing = field.is_missing();
        match self {
            Self::Numbers { values, .. } => {
                values.push(field.number().filter(|_| !missing).unwrap_or(f64::NAN));
            }
            Self::Truth(codes) => codes.push(field.truth().map_or(MISSING, u32::from)),
            Self::Words(words) => words.push((!missing).then_some(field.text.as_ref())),
        }
    }

    fn finish(self) -> Values {
        match self {
            Self::Numbers { values, whole } => Values::Numbers { values, whole },
            Self::Truth(codes) => Values::Truth(codes),
            Self::Words(words) => words.finish(),
        }
    }
}

/// Where a walk over the text stands.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    delimiter: u8,
}

impl<'a> Scan<'a> {
    /// All records to the end; the answer is how many there are.
    fn rows(&mut self, width: usize, mut each: impl FnMut(usize, Field<'a>)) -> Result<usize> {
        let mut rows = 0;
        while self.at < self.text.len() {
            let line = self.line;
            if width > 1 && self.skip_blank() {
                continue;
            }
            let mut seen = 0;
            self.record(|place, field| {
                seen += 1;
                if place < width {
                    each(place, field);
                }
            })?;
            if seen != width {
                return Err(
                    Error::invalid(format!("line {line} has {seen} fields instead of {width}"))
                        .hint("every line needs as many fields as the header; quote a field that holds the delimiter"),
                );
            }
            rows += 1;
        }
        Ok(rows)
    }

    fn skip_blank(&mut self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let end = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return false,
        };
        self.at += end;
        self.line += 1;
        true
    }

    /// One record, its line break included.
    fn record(&mut self, mut each: impl FnMut(usize, Field<'a>)) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut place = 0;
        loop {
            let field = if bytes.get(self.at) == Some(&b'"') {
                self.quoted()?
            } else {
                let start = self.at;
                let length = bytes[start..]
                    .iter()
                    .position(|byte| *byte == self.delimiter || *byte == b'\n')
                    .unwrap_or(bytes.len() - start);
                self.at = start + length;
                let text = &self.text[start..self.at];
                let at_end = bytes.get(self.at).is_none_or(|byte| *byte == b'\n');
                Field {
                    text: Cow::Borrowed(if at_end {
                        text.strip_suffix('\r').unwrap_or(text)
                    } else {
                        text
                    }),
                    quoted: false,
                }
            };
            each(place, field);
            place += 1;
            match bytes.get(self.at) {
                Some(byte) if *byte == self.delimiter => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    self.line += 1;
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    /// A field in quotes; a doubled quote is one. Stands at the delimiter or line break afterwards.
    fn quoted(&mut self) -> Result<Field<'a>> {
        let bytes = self.text.as_bytes();
        let (opened, start) = (self.line, self.at + 1);
        let (mut at, mut doubled) = (start, false);
        loop {
            match bytes.get(at) {
                None => {
                    return Err(Error::invalid(format!(
                        "the quote that opens in line {opened} is never closed"
                    ))
                    .hint("write a quote inside a field twice"));
                }
                Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                    doubled = true;
                    at += 2;
                }
                Some(b'"') => break,
                Some(byte) => {
                    self.line += usize::from(*byte == b'\n');
                    at += 1;
                }
            }
        }
        let text = &self.text[start..at];
        self.at = at + 1;
        if bytes.get(self.at) == Some(&b'\r') && bytes.get(self.at + 1) == Some(&b'\n') {
            self.at += 1;
        }
        match bytes.get(self.at) {
            None | Some(b'\n') => {}
            Some(byte) if *byte == self.delimiter => {}
            Some(_) => {
                return Err(Error::invalid(format!(
                    "line {} goes on after a closing quote",
                    self.line
                ))
                .hint("write a quote inside a field twice"));
            }
        }
        Ok(Field {
            text: if doubled {
                Cow::Owned(text.replace("\"\"", "\""))
            } else {
                Cow::Borrowed(text)
            },
            quoted: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str, name: &str) -> Values {
        let table = read("t.csv", text.as_bytes(), b',').unwrap();
        super::super::table::tests_column(&table, name)
    }

    #[test]
    fn kinds_are_those_of_a_data_frame() {
        let whole = |text: &str| matches!(column(text, "a"), Values::Numbers { whole: true, .. });
        assert!(whole("a,b\n1,x\n2,y\n"));
        assert!(!whole("a,b\n1,x\n,y\n"), "a missing value makes fractions");
        assert!(!whole("a\n1.0\n2.0\n"));
        assert_eq!(column("a\ntrue\nFalse\n", "a"), Values::Truth(vec![1, 0]));
        assert_eq!(
            column("a\n\"\"\n\n\"x, \"\"y\"\"\"\n", "a"),
            Values::Words {
                codes: vec![0, MISSING, 1],
                names: vec![String::new(), "x, \"y\"".to_owned()]
            }
        );
        assert!(matches!(
            column("a\n\"1\"\n\"2\"\n", "a"),
            Values::Words { .. }
        ));
        assert!(whole("\"a\"\n\"1\"\n\"2\"\n"), "everything is quoted");
        let Values::Numbers { values, .. } = column("a,b\r\n1.5,\r\n\r\n-inf,\r\nNaN,2\r\n", "a")
        else {
            panic!("numbers");
        };
        assert_eq!(values[..2], [1.5, f64::NEG_INFINITY]);
        assert!(values[2].is_nan() && values.len() == 3);
    }

    // proves S37
    #[test]
    fn a_broken_line_is_named() {
        let refused = |text: &str| read("t.csv", text.as_bytes(), b',').unwrap_err();
        for (text, part) in [
            ("a,b\n1,2\n3\n", "line 3 has 1 fields instead of 2"),
            ("a,b\n1,2,3\n", "line 2 has 3 fields instead of 2"),
            ("a\n\"open\n1\n", "opens in line 2"),
            ("a\n\"x\"y\n", "line 2 goes on after a closing quote"),
            ("a,a\n1,2\n", "two columns are called \"a\""),
        ] {
            let error = refused(text);
            assert!(error.message().contains(part), "{text:?}: {error}");
            assert!(error.hint_text().is_some(), "{text:?}");
        }
    }
}
