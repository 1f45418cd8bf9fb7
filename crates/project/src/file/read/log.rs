//! What was found while a file was read, with the lines.

use std::cell::RefCell;

use base::{Error, Result};

/// What was wrong so far, and what is accepted without having an effect yet.
pub(crate) struct Log<'d> {
    text: &'d str,
    problems: RefCell<Vec<(usize, String)>>,
    notes: RefCell<Vec<(usize, String)>>,
}

impl<'d> Log<'d> {
    pub(crate) fn new(text: &'d str) -> Self {
        Self {
            text,
            problems: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// Notes a problem at a byte of the file.
    pub(crate) fn problem(&self, offset: usize, message: String) {
        self.problems.borrow_mut().push((offset, message));
    }

    /// Notes something that is accepted and worth knowing.
    pub(crate) fn note(&self, offset: usize, message: String) {
        self.notes.borrow_mut().push((offset, message));
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    fn lines(&self, of: &RefCell<Vec<(usize, String)>>) -> Vec<String> {
        let mut found = of.borrow().clone();
        found.sort();
        found.dedup();
        found
            .into_iter()
            .map(|(offset, message)| format!("line {}: {message}", line(self.text, offset)))
            .collect()
    }

    /// The notes, or one error that lists every problem.
    pub(crate) fn finish(&self) -> Result<Vec<String>> {
        let problems = self.lines(&self.problems);
        match problems.as_slice() {
            [] => Ok(self.lines(&self.notes)),
            [one] => Err(Error::invalid(format!(
                "the project file has a problem at {one}"
            ))),
            many => Err(Error::invalid(format!(
                "the project file has {} problems:\n{}",
                many.len(),
                many.join("\n")
            ))),
        }
    }
}

fn line(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
}
