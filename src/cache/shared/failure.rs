//! Why a question to Redis has no result.

/// Why there is none.
#[derive(Debug)]
#[cfg_attr(not(feature = "cloud"), allow(dead_code, reason = "no question is asked"))]
pub(super) enum Failed {
    /// The server has not answered other questions, or has refused them.
    NotAsked,
    /// It has not answered this one.
    NoAnswer(String),
    /// What is under this key is of no use. Other questions are answered.
    Unfit,
    /// It answers that it does not do what was asked.
    Refused(Refusal),
}

/// What a server says that does not do what was asked of it.
#[derive(Debug)]
#[cfg_attr(not(feature = "cloud"), allow(dead_code, reason = "no question is asked"))]
pub(super) struct Refusal {
    /// Of this program's own words, which may be shown to anyone.
    pub(super) why: &'static str,
    /// The server's words, for the log.
    pub(super) said: String,
}

/// What Redis means by the code of an error. A script's error has the code of the command in it among its words.
#[cfg(feature = "cloud")]
pub(super) fn refused(code: Option<&str>, said: String) -> Failed {
    const CODES: [(&str, &str); 7] = [
        ("OOM", "its memory is full"),
        ("READONLY", "it is a replica, which stores nothing"),
        ("MISCONF", "it cannot save its data, and stores nothing"),
        ("NOREPLICAS", "it has too few replicas to store anything"),
        ("NOAUTH", "it wants a password"),
        ("WRONGPASS", "it does not accept the password"),
        ("NOPERM", "its user may not do this"),
    ];
    let is = |known: &str| {
        let mut words = said.split(|c: char| !c.is_ascii_alphanumeric());
        code == Some(known) || words.any(|word| word == known)
    };
    if is("WRONGTYPE") {
        return Failed::Unfit;
    }
    let known = CODES.iter().find(|(known, _)| is(known));
    let why =
        known.map_or("it does not do what is asked, as where the database does not exist", |(_, why)| *why);
    Failed::Refused(Refusal { why, said })
}

#[cfg(all(test, feature = "cloud"))]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_fails_is_refused_for_what_failed_in_it() {
        let why = |code: &str, said: &str| match refused(Some(code), said.to_owned()) {
            Failed::Refused(Refusal { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why("OOM", "command not allowed"), "its memory is full");
        assert_eq!(why("ERR", "Error running script: @user_script:13: -OOM command"), "its memory is full");
        assert!(why("ERR", "DB index is out of range").contains("the database does not exist"));
        assert!(matches!(refused(Some("WRONGTYPE"), String::new()), Failed::Unfit));
    }
}
