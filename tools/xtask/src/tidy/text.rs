//! Rules about files: each says what it is, none is too long, nothing is left undone or switched off.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use crate::place;

/// More lines than this do not fit a head.
const MAX_LINES: usize = 500;
/// Tests tell stories, which may be a little longer.
const MAX_TEST_LINES: usize = 600;

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for folder in ["crates", "tools"] {
        for file in place::files(&root.join(folder), &["rs"]) {
            let at = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .display()
                .to_string();
            let text = std::fs::read_to_string(&file)?;
            findings.extend(wrong(&at, &text).into_iter().map(|what| Finding {
                at: at.clone(),
                what,
            }));
        }
    }
    Ok(findings)
}

fn wrong(at: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !text.starts_with("//!") {
        wrong.push("does not open with //!, which says what the file is for".to_owned());
    }
    let is_test = at.contains("/tests/") || at.ends_with("tests.rs") || at.ends_with("stories.rs");
    let limit = if is_test { MAX_TEST_LINES } else { MAX_LINES };
    let lines = text.lines().count();
    if lines > limit {
        wrong.push(format!(
            "has {lines} lines, more than {limit}: split it by its nouns"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        for (mark, why) in marks() {
            if line.trim_start().starts_with(&mark)
                || (mark.ends_with('(') && line.contains(&mark) && !line.contains('"'))
            {
                wrong.push(format!("line {}: {why}", number + 1));
            }
        }
    }
    wrong
}

/// Put together at run time, so that this file does not find itself.
fn marks() -> [(String, &'static str); 4] {
    [
        (
            format!("#[{}", "ignore"),
            "a test that does not run proves nothing",
        ),
        (format!("{}!(", "todo"), "what is committed is finished"),
        (
            format!("{}!(", "unimplemented"),
            "what is committed is finished",
        ),
        (format!("{}!(", "dbg"), "a trace that was forgotten"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is_and_ends_what_it_begins() {
        assert!(wrong("crates/x/src/a.rs", "//! Words.\nfn a() {}\n").is_empty());
        assert_eq!(wrong("crates/x/src/a.rs", "fn a() {}\n").len(), 1);
        assert_eq!(
            wrong(
                "crates/x/src/a.rs",
                &format!("//! Words.\nfn a() {{ {}!() }}\n", "todo")
            )
            .len(),
            1
        );
        assert_eq!(
            wrong(
                "crates/x/src/a.rs",
                &format!("//! Words.\n#[{}]\n", "ignore")
            )
            .len(),
            1
        );
        let long = format!("//! Words.\n{}", "\n".repeat(550));
        assert_eq!(wrong("crates/x/src/a.rs", &long).len(), 1);
        assert!(wrong("crates/x/tests/a.rs", &long).is_empty());
    }
}
