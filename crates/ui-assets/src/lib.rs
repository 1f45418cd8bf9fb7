//! The built web pages, embedded in the binary.
//!
//! Purpose: hand the server each file of `ui/dist` with what HTTP needs to know about it, and the page for every
//! address that the browser routes by itself.
//!
//! Invariants: an address outside [`asset`]'s files and pages is `None`, so a mistyped API address never answers with
//! HTML; only files whose name holds a hash are immutable; [`CONTENT_SECURITY_POLICY`] allows no inline script and no
//! other origin.
//!
//! Absent on purpose: HTTP itself (conditional requests, compression), which the server owns for all of its answers.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$IRONLOOP_UI_FOLDER"]
struct Dist;

/// Sent with every page: everything comes from this server, and no script stands in the page.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The first words of the addresses that the browser routes by itself (`ui/src/routes/`).
const PAGES: &[&str] = &["", "p", "experiments", "jobs", "activity"];

const INDEX: &str = "index.html";
const HASHED: &str = "assets/";

/// One file as the server sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The media type, with its character set for text.
    pub mime: String,
    /// A strong entity tag, in quotes.
    pub etag: String,
    /// The name holds a hash of the content: it may be kept for ever.
    pub immutable: bool,
}

impl Asset {
    /// The headers that belong to the file: type, tag, caching and, on every answer, the security policy.
    pub fn headers(&self) -> [(&'static str, String); 6] {
        let caching = if self.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        [
            ("content-type", self.mime.clone()),
            ("etag", self.etag.clone()),
            ("cache-control", caching.to_owned()),
            (
                "content-security-policy",
                CONTENT_SECURITY_POLICY.to_owned(),
            ),
            ("x-content-type-options", "nosniff".to_owned()),
            ("referrer-policy", "same-origin".to_owned()),
        ]
    }
}

/// The file at `path` (with or without a leading `/`), or the page for an address that the browser routes.
pub fn asset(path: &str) -> Option<Asset> {
    let path = path.trim_start_matches('/');
    if let Some(file) = file(path) {
        return Some(file);
    }
    let first = path.split('/').next().unwrap_or_default();
    if PAGES.contains(&first) {
        file(INDEX)
    } else {
        None
    }
}

fn file(path: &str) -> Option<Asset> {
    let file = Dist::get(path)?;
    let mime = file.metadata.mimetype();
    let text = mime.starts_with("text/") || mime.ends_with("javascript") || mime.ends_with("json");
    Some(Asset {
        mime: if text {
            format!("{mime}; charset=utf-8")
        } else {
            mime.to_owned()
        },
        etag: format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16])),
        immutable: path.starts_with(HASHED),
        bytes: file.data,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_the_browser_routes_is_answered_with_the_page() {
        let index = asset("/").expect("the page is embedded");
        assert_eq!(index.mime, "text/html; charset=utf-8");
        assert!(!index.immutable);
        for address in [
            "/p/bikes",
            "/p/bikes/models/bikes.v1/3",
            "experiments",
            "/jobs",
        ] {
            assert_eq!(asset(address).as_ref(), Some(&index), "{address}");
        }
    }

    #[test]
    fn a_mistyped_api_address_is_no_page() {
        for address in [
            "/api/v1/projcts",
            "/v2/models/x",
            "/ajax-api/2.0/nope",
            "/assets/gone.js",
            "/../Cargo.toml",
            "/pp",
        ] {
            assert_eq!(asset(address), None, "{address}");
        }
    }

    #[test]
    fn the_policy_allows_no_inline_script_and_no_other_origin() {
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
        assert!(!CONTENT_SECURITY_POLICY.contains("http"));
        let headers = asset("/").expect("the page is embedded").headers();
        assert!(
            headers
                .iter()
                .any(|(name, value)| *name == "content-security-policy"
                    && value == CONTENT_SECURITY_POLICY)
        );
    }

    #[test]
    fn only_files_whose_name_holds_a_hash_are_kept_for_ever() {
        for path in Dist::iter() {
            let file = asset(&path).expect("a listed file opens");
            assert_eq!(file.immutable, path.starts_with(HASHED), "{path}");
            assert_eq!(file.etag.len(), 34, "{path}");
        }
    }
}
