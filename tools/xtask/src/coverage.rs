//! `cargo xtask coverage`: which test proves which statement of `docs/seed.md`.
//!
//! A test names what it proves in a comment (`proves S44`, several: `proves S11, S44`) above it or at the top of its
//! file. The statements are the list items of the document, `- S01 …`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use regex::Regex;

use crate::place;

/// Prints the matrix; an id that no statement has is an error.
pub fn run() -> Result<()> {
    let root = place::root();
    let document = root.join("docs/seed.md");
    let text =
        std::fs::read_to_string(&document).with_context(|| document.display().to_string())?;
    let statements = statements(&text)?;
    let proofs = proofs(&root)?;
    let unknown: Vec<&String> = proofs
        .keys()
        .filter(|id| !statements.contains_key(*id))
        .collect();
    if !unknown.is_empty() {
        bail!("tests name statements that docs/seed.md does not have: {unknown:?}");
    }
    let mut proved = 0;
    for (id, title) in &statements {
        println!("{id}  {title}");
        match proofs.get(id) {
            Some(tests) => {
                proved += 1;
                for test in tests {
                    println!("       {test}");
                }
            }
            None => println!("       – no test yet"),
        }
    }
    println!(
        "\n{proved} of {} statements are proved by at least one test",
        statements.len()
    );
    Ok(())
}

fn statements(text: &str) -> Result<BTreeMap<String, String>> {
    let item = Regex::new(r"(?m)^- (S[0-9]{2}) (.+)$")?;
    Ok(item
        .captures_iter(text)
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect())
}

fn proofs(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut proofs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in ["crates", "tests", "ui", "tools"] {
        for file in place::files(&root.join(folder), &["rs", "py", "ts", "tsx", "mjs", "js"]) {
            let text = std::fs::read_to_string(&file)?;
            let at = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .display()
                .to_string();
            for (id, test) in proofs_of(&text)? {
                proofs.entry(id).or_default().push(format!("{at}: {test}"));
            }
        }
    }
    Ok(proofs)
}

/// Each id that a text claims to prove, with the test that follows the claim.
fn proofs_of(text: &str) -> Result<Vec<(String, String)>> {
    let claim = Regex::new(r"(?i)(?://|#|\*)[/!]?\s*proves:?\s+(.*)")?;
    let id = Regex::new(r"S[0-9]{2}")?;
    let test = Regex::new(
        r#"^\s*(?:pub )?(?:async )?(?:fn|def)\s+(\w+)|^\s*(?:test|it)\(\s*['"`]([^'"`]+)"#,
    )?;
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(claimed) = claim.captures(line) else {
            continue;
        };
        let name = lines[number..].iter().take(12).find_map(|line| {
            let name = test.captures(line)?;
            name.get(1)
                .or_else(|| name.get(2))
                .map(|name| name.as_str().replace('_', " "))
        });
        for id in id.find_iter(&claimed[1]) {
            found.push((
                id.as_str().to_owned(),
                name.clone().unwrap_or_else(|| "the whole file".to_owned()),
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_tied_to_the_test_below_it() {
        let slashes = "//";
        let text = format!(
            "{slashes} proves S44, S10\n#[test]\nfn a_gate_holds() {{}}\n# proves S02\ndef test_same_answers():\n"
        );
        let found = proofs_of(&text).unwrap();
        let pair = |id: &str, test: &str| (id.to_owned(), test.to_owned());
        assert_eq!(
            found,
            [
                pair("S44", "a gate holds"),
                pair("S10", "a gate holds"),
                pair("S02", "test same answers")
            ]
        );
    }
}
