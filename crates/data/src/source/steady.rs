//! Reading a file as it is at one moment, or not at all.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use base::{Error, Result};
use bytes::Bytes;

/// The whole file; refused if size, time of change or content differ between the beginning and the end.
pub(super) fn read(path: &Path) -> Result<Bytes> {
    read_with(path, |path| fs::read(path))
}

fn read_with(path: &Path, read: impl FnOnce(&Path) -> io::Result<Vec<u8>>) -> Result<Bytes> {
    let before = Stamp::of(path)?;
    let bytes = read(path)?;
    let again = hash_file(path)?;
    if Stamp::of(path)? != before
        || bytes.len() as u64 != before.size
        || blake3::hash(&bytes) != again
    {
        return Err(Error::conflict("the file changed while it was read")
            .hint("wait until it is written completely, then add it again"));
    }
    Ok(bytes.into())
}

#[derive(PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self> {
        let meta = fs::metadata(path)?;
        Ok(Self {
            size: meta.len(),
            modified: meta.modified().ok(),
        })
    }
}

fn hash_file(path: &Path) -> Result<blake3::Hash> {
    let mut hash = blake3::Hasher::new();
    io::copy(&mut fs::File::open(path)?, &mut hash)?;
    Ok(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves S37
    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "a\n1\n").unwrap();
        assert_eq!(read(&path).unwrap().as_ref(), b"a\n1\n");
        let grown = read_with(&path, |path| {
            let bytes = fs::read(path)?;
            fs::write(path, "a\n1\n2\n")?;
            Ok(bytes)
        });
        assert!(
            grown
                .unwrap_err()
                .message()
                .contains("changed while it was read")
        );
        // The same length and, on a coarse clock, the same time: the content tells.
        let replaced = read_with(&path, |path| {
            let bytes = fs::read(path)?;
            fs::write(path, "a\n3\n4\n")?;
            Ok(bytes)
        });
        assert!(replaced.unwrap_err().hint_text().is_some());
    }
}
