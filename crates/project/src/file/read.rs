//! Reads one TOML table after the other and remembers every problem with its line.
//!
//! A [`Section`] notes which keys were asked for; what nobody asked for is unknown and becomes a problem with "did
//! you mean …". A missing or wrong value becomes a problem and a default, so that reading goes on and all problems
//! of a file are reported together; [`Log::finish`] then refuses the file, so no default ever gets out.

mod log;
mod value;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base::{Name, SignedDuration};
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::value::{id_of, integer, json, number, shown};
use super::text;

pub(crate) use self::log::Log;
pub(crate) use self::value::locate;

/// A word of a closed list.
pub(crate) trait Choice: Copy + 'static {
    /// Each word with its meaning.
    const WORDS: &'static [(&'static str, Self)];
}

/// One table of the file, while it is read.
pub(crate) struct Section<'d> {
    path: String,
    offset: usize,
    table: &'d DeTable<'d>,
    asked: RefCell<BTreeSet<&'static str>>,
    log: &'d Log<'d>,
}

impl<'d> Section<'d> {
    pub(crate) fn root(root: &'d Spanned<DeTable<'d>>, log: &'d Log<'d>) -> Self {
        Self::new(String::new(), 0, root.get_ref(), log)
    }

    fn new(path: String, offset: usize, table: &'d DeTable<'d>, log: &'d Log<'d>) -> Self {
        Self {
            path,
            offset,
            table,
            asked: RefCell::default(),
            log,
        }
    }

    /// The full name of `key` in this table, as messages show it.
    pub(crate) fn path(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes a problem with `key`, or with the whole table where `key` is empty or absent.
    pub(crate) fn problem(&self, key: &str, message: impl AsRef<str>) {
        let offset = self
            .table
            .get(key)
            .map_or(self.offset, |value| value.span().start);
        self.log
            .problem(offset, format!("{}: {}", self.path(key), message.as_ref()));
    }

    fn missing(&self, key: &str, example: &str) {
        self.problem(
            "",
            format!("{key:?} is missing; write for example {key} = {example}"),
        );
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        self.log.problem(
            value.span().start,
            format!(
                "{}: {} is not {wanted}",
                self.path(key),
                shown(value.get_ref())
            ),
        );
    }

    /// Keys that are known here and not looked at.
    pub(crate) fn accept(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Keys of later versions: accepted, told, without effect.
    pub(crate) fn later(&self, keys: &[&'static str]) {
        for key in keys {
            if let Some(value) = self.get(key) {
                self.log.note(
                    value.span().start,
                    format!("{} is not used yet", self.path(key)),
                );
            }
        }
    }

    /// Ends the table: what nobody asked for is unknown.
    pub(crate) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self
            .table
            .keys()
            .filter(|key| !asked.contains(key.get_ref().as_ref()))
        {
            let name = key.get_ref();
            let advice = text::did_you_mean(name, asked.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", text::list(asked.iter().copied())));
            self.log.problem(
                key.span().start,
                format!("{}: unknown key {name:?}; {advice}", self.path(name)),
            );
        }
    }

    /// A table of its own, where it is present.
    pub(crate) fn table<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Section<'d>) -> T,
    ) -> Option<T> {
        let value = self.get(key)?;
        self.enter(self.path(key), key, value, read)
    }

    fn enter<T>(
        &self,
        path: String,
        key: &str,
        value: &'d Spanned<DeValue<'d>>,
        read: impl FnOnce(&Section<'d>) -> T,
    ) -> Option<T> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, "a table");
            return None;
        };
        let section = Section::new(path, value.span().start, table, self.log);
        let done = read(&section);
        section.finish();
        Some(done)
    }

    /// `[[key]]`: a list of tables, each with an `id` (or `name`) that is unique in the list.
    pub(crate) fn tables<T>(&self, key: &'static str, read: impl Fn(&Section<'d>) -> T) -> Vec<T> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(
                key,
                value,
                &format!("a list; write it as [[{}]]", self.path(key)),
            );
            return Vec::new();
        };
        let mut ids = BTreeSet::new();
        let mut done = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let id = id_of(item.get_ref());
            if let Some(id) = id
                && !ids.insert(id.to_owned())
            {
                let path = self.path(key);
                self.log.problem(
                    item.span().start,
                    format!("{path}: there are two {key} tables named {id:?}"),
                );
            }
            let path = match id {
                Some(id) => self.path(&format!("{key}.{id}")),
                None => self.path(&format!("{key}[{}]", index + 1)),
            };
            done.extend(self.enter(path, key, item, &read));
        }
        done
    }

    /// `[key.NAME]`: tables by a name that may stand in addresses and paths.
    pub(crate) fn named<T>(
        &self,
        key: &'static str,
        read: impl Fn(&str, &Section<'d>) -> T,
    ) -> BTreeMap<String, T> {
        self.maps(key, |name, section| {
            if let Err(error) = name.parse::<Name>() {
                section.problem("", error.to_string());
            }
            read(name, section)
        })
    }

    /// Tables by any name.
    pub(crate) fn maps<T>(
        &self,
        key: &'static str,
        read: impl Fn(&str, &Section<'d>) -> T,
    ) -> BTreeMap<String, T> {
        let Some(value) = self.get(key) else {
            return BTreeMap::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, "a table");
            return BTreeMap::new();
        };
        let mut done = BTreeMap::new();
        for (name, item) in table {
            let name = name.get_ref().as_ref();
            let path = self.path(&format!("{key}.{name}"));
            let Some(one) = self.enter(path, key, item, |section| read(name, section)) else {
                continue;
            };
            done.insert(name.to_owned(), one);
        }
        done
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.get(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(key, value, "a text in quotes");
            return None;
        };
        if text.trim().is_empty() {
            self.problem(key, "is empty; fill it in or remove the line");
        }
        Some(text.clone().into_owned())
    }

    pub(crate) fn need_text(&self, key: &'static str, example: &str) -> String {
        if !self.has(key) {
            self.missing(key, &format!("{example:?}"));
        }
        self.text(key).unwrap_or_default()
    }

    /// A name that may stand in addresses and paths.
    pub(crate) fn need_name(&self, key: &'static str, example: &str) -> String {
        let name = self.need_text(key, example);
        if !name.is_empty()
            && let Err(error) = name.parse::<Name>()
        {
            let hint = error.hint_text().unwrap_or_default().to_owned();
            self.problem(key, format!("{error}; {hint}"));
        }
        name
    }

    pub(crate) fn number(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        let number = number(value.get_ref());
        if number.is_none() {
            self.wrong(key, value, "a number");
        }
        number
    }

    pub(crate) fn need_number(&self, key: &'static str, example: &str) -> f64 {
        if !self.has(key) {
            self.missing(key, example);
        }
        self.number(key).unwrap_or_default()
    }

    /// A number between `low` and `high`, both included.
    pub(crate) fn number_within(&self, key: &'static str, low: f64, high: f64) -> Option<f64> {
        let number = self.number(key)?;
        if !(low..=high).contains(&number) {
            self.problem(key, format!("{number} is not between {low} and {high}"));
        }
        Some(number)
    }

    /// A whole number of at least `least`.
    pub(crate) fn integer(&self, key: &'static str, least: i64) -> Option<i64> {
        let value = self.get(key)?;
        let Some(number) = integer(value.get_ref()) else {
            self.wrong(key, value, "a whole number");
            return None;
        };
        if number < least {
            self.problem(
                key,
                format!("{number} is less than {least}, the smallest value allowed"),
            );
        }
        Some(number)
    }

    pub(crate) fn duration(&self, key: &'static str) -> Option<SignedDuration> {
        let text = self.text(key)?;
        match crate::duration::parse(&text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.problem(
                    key,
                    format!("{error}; {}", error.hint_text().unwrap_or_default()),
                );
                None
            }
        }
    }

    pub(crate) fn date(&self, key: &'static str) -> Option<Date> {
        let value = self.get(key)?;
        let parsed = match value.get_ref() {
            DeValue::Datetime(datetime) => datetime.to_string().parse().ok(),
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        };
        if parsed.is_none() {
            self.wrong(key, value, "a date; write it as 2027-06-30");
        }
        parsed
    }

    pub(crate) fn choice<T: Choice>(&self, key: &'static str) -> Option<T> {
        let text = self.text(key)?;
        self.word(key, &text)
    }

    /// The meaning of a word that belongs to `key`.
    pub(crate) fn word<T: Choice>(&self, key: &str, word: &str) -> Option<T> {
        let found = T::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known = || T::WORDS.iter().map(|(known, _)| *known);
            let advice = text::did_you_mean(word, known())
                .unwrap_or_else(|| format!("choose one of {}", text::list(known())));
            self.problem(key, format!("{word:?} is not known here; {advice}"));
        }
        found
    }

    pub(crate) fn need_choice<T: Choice>(&self, key: &'static str) -> T {
        let (first, default) = T::WORDS[0];
        if !self.has(key) {
            self.missing(key, &format!("{first:?}"));
        }
        self.choice(key).unwrap_or(default)
    }

    /// A list of texts; one text counts as a list of one.
    pub(crate) fn texts(&self, key: &'static str) -> Vec<String> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let one = std::slice::from_ref(value);
        let items = match value.get_ref() {
            DeValue::Array(array) => array.iter().as_slice(),
            _ => one,
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push(text.clone().into_owned()),
                _ => self.wrong(key, item, "a text in quotes"),
            }
        }
        texts
    }

    pub(crate) fn need_texts(&self, key: &'static str, example: &str) -> Vec<String> {
        let texts = self.texts(key);
        if !self.has(key) {
            self.missing(key, example);
        } else if texts.is_empty() {
            self.problem(
                key,
                format!("is an empty list; write for example {key} = {example}"),
            );
        }
        texts
    }

    pub(crate) fn integers(&self, key: &'static str) -> Vec<i64> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(key, value, "a list of whole numbers");
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for item in array {
            match integer(item.get_ref()) {
                Some(number) => numbers.push(number),
                None => self.wrong(key, item, "a whole number"),
            }
        }
        numbers
    }

    pub(crate) fn numbers(&self, key: &'static str) -> Vec<f64> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(key, value, "a list of numbers");
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for item in array {
            match number(item.get_ref()) {
                Some(number) => numbers.push(number),
                None => self.wrong(key, item, "a number"),
            }
        }
        numbers
    }

    /// A list of any values.
    pub(crate) fn values(&self, key: &'static str) -> Vec<serde_json::Value> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(key, value, "a list");
            return Vec::new();
        };
        array.iter().map(|item| json(item.get_ref())).collect()
    }

    /// A table whose keys are the author's own.
    pub(crate) fn free_table(&self, key: &'static str) -> BTreeMap<String, serde_json::Value> {
        let Some(value) = self.get(key) else {
            return BTreeMap::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, "a table");
            return BTreeMap::new();
        };
        table
            .iter()
            .map(|(name, value)| (name.get_ref().clone().into_owned(), json(value.get_ref())))
            .collect()
    }
}
