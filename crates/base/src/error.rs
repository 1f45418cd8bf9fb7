//! Errors as facts of the domain.
//!
//! An [`Error`] says what was wrong (with the value), of which [`Kind`] it is and, where we know it, what to do
//! about it. Each wire API maps kinds to its own codes in one table; nothing else looks inside.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller sent something that can never work as it is.
    Invalid,
    /// The thing named does not exist.
    NotFound,
    /// A thing of that name exists already.
    AlreadyExists,
    /// The state does not allow this now (a closed run, a lost race, a voided approval).
    Conflict,
    /// Nobody is logged in.
    Unauthenticated,
    /// The caller, or the state of a gate, does not permit this.
    Forbidden,
    /// More than a published limit.
    TooLarge,
    /// Refused for now: overload, a lost database, a worker that is starting.
    Unavailable,
    /// No room is left where we store things.
    StorageFull,
    /// Known to the peer's API and not served by us.
    NotImplemented,
    /// Our own fault.
    Internal,
}

/// What went wrong, and what to do about it.
pub struct Error {
    kind: Kind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),* $(,)?) => {$(
        #[doc = concat!("An error of [`Kind::", stringify!($kind), "`].")]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(Kind::$kind, message)
        }
    )*};
}

impl Error {
    /// An error with a message that names the value that was wrong.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    constructors! {
        invalid => Invalid, not_found => NotFound, already_exists => AlreadyExists, conflict => Conflict,
        unauthenticated => Unauthenticated, forbidden => Forbidden, too_large => TooLarge,
        unavailable => Unavailable, storage_full => StorageFull, not_implemented => NotImplemented,
        internal => Internal,
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause, for the log; it is not shown to callers.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was wrong, with the value.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Puts where it happened before the message: `Error::invalid("no such column").at("dataset trips")`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message).into();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " (hint: {hint})")?;
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "; caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Kind::StorageFull
            }
            std::io::ErrorKind::PermissionDenied => Kind::Forbidden,
            _ => Kind::Internal,
        };
        Self::new(kind, error.to_string()).because(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid(format!("malformed JSON: {error}")).because(error)
    }
}
