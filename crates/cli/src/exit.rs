//! Exit codes that a script can trust.

use std::process::ExitCode;

use base::Kind;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: the work was done and its answer is no: a check, a gate or a job failed.
    Failed,
    /// 2: bad usage or bad input.
    Usage,
    /// 3: something named does not exist.
    NotFound,
    /// 4: refused: not permitted, or the state does not allow it.
    Refused,
    /// 5: a server, a database or a disk is not available, or broke.
    Unavailable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Invalid | Kind::TooLarge | Kind::NotImplemented => Self::Usage,
            Kind::NotFound => Self::NotFound,
            Kind::AlreadyExists | Kind::Conflict | Kind::Unauthenticated | Kind::Forbidden => {
                Self::Refused
            }
            Kind::Unavailable | Kind::StorageFull | Kind::Internal => Self::Unavailable,
        }
    }
}

impl Exit {
    /// `Ok` for a verdict of `pass`, `Failed` for `fail` and for `unknown`, which never passes.
    pub fn of_verdict(verdict: &str) -> Self {
        if verdict == "pass" {
            Self::Ok
        } else {
            Self::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_never_passes() {
        assert_eq!(Exit::of_verdict("pass"), Exit::Ok);
        assert_eq!(Exit::of_verdict("fail"), Exit::Failed);
        assert_eq!(Exit::of_verdict("unknown"), Exit::Failed);
    }
}
