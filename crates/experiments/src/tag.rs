//! Tags: free text on an experiment, a run or a logged model.

use serde::{Deserialize, Serialize};

/// A key with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// At most 250 characters.
    pub key: String,
    /// At most 8,000 bytes on a run, 20,000 on an experiment.
    pub value: String,
}

impl Tag {
    /// A tag of `key` and `value`.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// The value of the tag `key`, if it is there.
pub fn tag_value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter()
        .find(|tag| tag.key == key)
        .map(|tag| tag.value.as_str())
}
