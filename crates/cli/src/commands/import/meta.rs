//! `meta.yaml` as MLflow's file store writes it: one flat map of plain and quoted scalars, some over several lines.

use std::collections::BTreeMap;
use std::path::Path;

use base::{Error, Result};

/// The fields of a `meta.yaml`; a nested map stays as its text.
#[derive(Debug, Default)]
pub(super) struct Meta(BTreeMap<String, String>);

impl Meta {
    pub fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).map_err(|error| Error::from(error).at(file.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            let continues = line.starts_with([' ', '\t']) || line.is_empty();
            match (line.split_once(':'), continues) {
                (Some((key, value)), false) => {
                    fields.push((key.trim().to_owned(), value.trim().to_owned()));
                }
                _ => {
                    if let Some((_, value)) = fields.last_mut() {
                        // A line break inside a scalar is a space, an empty line a line break.
                        let joint = if line.is_empty() { "\n" } else { " " };
                        if !value.is_empty() && !value.ends_with('\n') {
                            value.push_str(joint);
                        }
                        value.push_str(line.trim());
                    }
                }
            }
        }
        let plain = |(key, value): (String, String)| (key, unquoted(&value));
        Self(fields.into_iter().map(plain).collect())
    }

    pub fn text(&self, key: &str) -> String {
        self.optional(key).unwrap_or_default()
    }

    pub fn optional(&self, key: &str) -> Option<String> {
        self.0
            .get(key)
            .filter(|text| !matches!(text.as_str(), "" | "null" | "~"))
            .cloned()
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        self.0.get(key)?.parse().ok()
    }
}

fn unquoted(text: &str) -> String {
    if let Some(inner) = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
    {
        return inner.replace("''", "'");
    }
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    // `\ ` stands for a space at the beginning of a folded line, and a backslash at a line's end joins without one.
    let json = format!("\"{}\"", inner.replace("\\ ", " ").replace("\\x", "\\u00"));
    serde_json::from_str(&json).unwrap_or_else(|_| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_read_with_and_without_quotes() {
        let meta = Meta::parse(
            "artifact_uri: file:///a/b\nexperiment_id: '12'\nname: it's\nquoted: 'it''s\n  long'\nend_time: null\nstart: 5\ndouble: \"a\\\"b \\xE9\"\n",
        );
        assert_eq!(meta.text("artifact_uri"), "file:///a/b");
        assert_eq!(meta.text("experiment_id"), "12");
        assert_eq!(meta.text("name"), "it's");
        assert_eq!(meta.text("quoted"), "it's long");
        assert_eq!(meta.optional("end_time"), None);
        assert_eq!(meta.number("start"), Some(5));
        assert_eq!(meta.text("double"), "a\"b é");
    }
}
