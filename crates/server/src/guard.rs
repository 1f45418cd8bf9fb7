//! The one guard around every route, deny by default.
//!
//! The server has no logins yet and listens on loopback only, so what is left to keep out are web pages: a page on
//! another site that sends requests to this machine (cross-site request), or that makes its own name resolve to
//! 127.0.0.1 (DNS rebinding). The first is stopped by `Origin` and `Sec-Fetch-Site` on anything but a plain read, the
//! second by the host name, which must be one of ours. Programs send no `Origin` and pass.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::{Error, Result};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, Uri};

use crate::actor::Actor;
use crate::error::Problem;

/// Host names that mean this machine and that no one else's name server can give out.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Lets a request through, or answers why not.
pub async fn guard(mut request: Request, next: Next) -> Response {
    match admit(request.method(), request.uri(), request.headers()) {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(error) => Problem(error).into_response(),
    }
}

fn admit(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Actor> {
    let authority = match headers.get(HOST) {
        Some(value) => value.to_str().unwrap_or_default(),
        None => uri.authority().map_or("", |authority| authority.as_str()),
    };
    if !HOSTS
        .iter()
        .any(|host| host_of(authority).eq_ignore_ascii_case(host))
    {
        return Err(
            Error::forbidden(format!("requests to the host {authority:?} are refused"))
                .hint("call the server as localhost, 127.0.0.1 or [::1]"),
        );
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads {
        same_site(headers, authority)?;
    }
    Actor::of(headers)
}

/// A browser says which page a request comes from; only our own pages may change anything.
fn same_site(headers: &HeaderMap, authority: &str) -> Result<()> {
    let refuse = |from: &str| {
        Err(Error::forbidden(format!(
            "a change asked for by a page of {from:?} is refused"
        ))
        .hint("only the pages that this server serves may change anything from a browser"))
    };
    if let Some(origin) = headers.get(ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let ours = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|host| host.eq_ignore_ascii_case(authority));
        if !ours {
            return refuse(origin);
        }
    }
    match headers
        .get("sec-fetch-site")
        .map(|site| site.to_str().unwrap_or_default())
    {
        None | Some("same-origin" | "none") => Ok(()),
        Some(site) => refuse(site),
    }
}

/// The host of `host:port`, with the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        let uri = Uri::from_static("/");
        for good in ["localhost:5000", "127.0.0.1", "[::1]:5000", "LOCALHOST:1"] {
            assert!(
                admit(&Method::GET, &uri, &headers(&[("host", good)])).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "evil.example",
            "localhost.evil.example:5000",
            "",
            "127.0.0.1.nip.example",
        ] {
            assert!(
                admit(&Method::GET, &uri, &headers(&[("host", bad)])).is_err(),
                "{bad}"
            );
        }
        assert!(admit(&Method::GET, &uri, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_page_of_another_site_changes_nothing() {
        let uri = Uri::from_static("/api/v1/projects/apply");
        let from = |origin| headers(&[("host", "127.0.0.1:5000"), ("origin", origin)]);
        assert!(admit(&Method::POST, &uri, &from("http://127.0.0.1:5000")).is_ok());
        for bad in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:5001",
            "http://127.0.0.1:5000.evil.example",
        ] {
            assert!(admit(&Method::POST, &uri, &from(bad)).is_err(), "{bad}");
        }
        let cross = headers(&[("host", "127.0.0.1:5000"), ("sec-fetch-site", "cross-site")]);
        assert!(admit(&Method::DELETE, &uri, &cross).is_err());
        assert!(admit(&Method::GET, &uri, &cross).is_ok());
    }

    #[test]
    fn a_program_says_who_acts_and_cannot_be_the_system() {
        let uri = Uri::from_static("/");
        let named = headers(&[
            ("host", "localhost"),
            ("x-ironloop-user", "dana@example.org"),
        ]);
        assert_eq!(
            admit(&Method::GET, &uri, &named).unwrap(),
            Actor("dana@example.org".to_owned())
        );
        let system = headers(&[("host", "localhost"), ("x-ironloop-user", "ironloop")]);
        assert!(admit(&Method::GET, &uri, &system).is_err());
    }
}
