//! Frame sets: what an artist sends for one configuration.

use std::{fmt, str::FromStr};

use assets_pipeline::{
    encode::Effort,
    prepare::ground::Ground,
    read::source::{composed, is_junk},
    settings::Settings,
};
use serde::{Deserialize, Serialize};

use super::{
    keys::{KeyId, hex, is_hex},
    names::{Choices, ProductId},
};

/// Random bytes of an id.
pub const ID_BYTES: usize = 16;

/// Names of 128 random bits, which cannot be guessed.
macro_rules! ids {
    ($($(#[$doc:meta])* $kind:ident),*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $kind(String);

        impl $kind {
            /// An id of these random bytes.
            pub fn new(bytes: [u8; ID_BYTES]) -> Self {
                Self(hex(&bytes))
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $kind {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if is_hex(text, ID_BYTES) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
            }
        }
    )*};
}

ids!(
    /// A frame set's id.
    FramesetId,
    /// An upload's id.
    UploadId,
    /// A job's id.
    JobId
);

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 digits of lower-case hex")]
pub struct NotAnId;

/// What the artist says of a turn; it can be changed until the set is committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TurnSettings {
    /// Angle that stands for the piece, in degrees.
    pub hero: f64,
    /// Angle that the first frame shows, in degrees.
    pub start: f64,
    /// The piece turns clockwise seen from above.
    pub clockwise: bool,
    /// What to lay the frames on; where it is left out, what they show, or white.
    #[serde(with = "as_text")]
    pub ground: Option<Ground>,
    /// Take a photograph's noise out.
    pub denoise: bool,
    /// How long encoders may take; where it is left out, the config says.
    #[serde(with = "as_text")]
    pub effort: Option<Effort>,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self { hero: 0.0, start: 0.0, clockwise: false, ground: None, denoise: false, effort: None }
    }
}

impl TurnSettings {
    /// What shapes the renditions of the turn, over the settings of the installation.
    pub fn over(&self, installation: &Settings) -> Settings {
        Settings {
            hero_degrees: self.hero,
            start_degrees: self.start,
            clockwise: self.clockwise,
            ground: self.ground,
            denoise: self.denoise,
            effort: self.effort.unwrap_or(installation.effort),
            ..installation.clone()
        }
    }

    /// Refuses angles that are none.
    pub fn check(&self) -> Result<(), BadAngle> {
        let angle = |degrees: f64| (-360.0..=360.0).contains(&degrees);
        if !angle(self.hero) {
            return Err(BadAngle("hero"));
        }
        if angle(self.start) { Ok(()) } else { Err(BadAngle("start")) }
    }
}

/// An angle that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}: an angle is from -360 to 360 degrees")]
pub struct BadAngle(&'static str);

/// Types that are words on the wire.
mod as_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde gives the field by reference")]
    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// What artists may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Bytes of one frame.
    pub frame_max_bytes: u64,
    /// Bytes of a zip or tar, and of all that is in it.
    pub archive_max_bytes: u64,
    /// Files of one set, and uploads of it that are under way at once.
    pub set_max_files: u32,
    /// Sets that one key may have open.
    pub key_max_open_sets: u32,
    /// Bytes that one key may have in sets that are not encoded.
    pub key_max_bytes: u64,
    /// What has to stay free on the disk.
    pub disk_min_free_bytes: u64,
    /// How long an untouched set or upload is kept.
    pub expire_hours: u32,
}

/// What a client knows of the frame that it writes or removes, as the headers say it (RFC 9110, section 13.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
}

impl UploadLimits {
    /// Bytes that a file of this name may have.
    pub fn max_bytes(&self, name: &FileName) -> u64 {
        if name.is_archive() { self.archive_max_bytes } else { self.frame_max_bytes }
    }
}

/// Whether frames are still taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownState, parse_err_fn = unknown)]
pub enum FramesetState {
    /// Frames arrive, and settings may change.
    Open,
    /// Nothing changes any more.
    Committed,
}

impl FramesetState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame set is open or committed")]
pub struct UnknownState;

const fn unknown(_word: &str) -> UnknownState {
    UnknownState
}

/// A frame set as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFrameset {
    /// Of which product.
    pub product: ProductId,
    /// Which configuration of it.
    pub choices: Choices,
    /// What the artist says of the turn.
    pub settings: TurnSettings,
    /// How many frames will come, if that is known.
    pub expected: Option<u32>,
    /// Whether the configuration is protected before anything of it is stored.
    pub protected: bool,
}

#[cfg(test)]
impl NewFrameset {
    /// A set of a ring without options.
    pub(crate) fn of_plain_ring() -> Self {
        Self {
            product: "ring.solitaire".parse().unwrap(),
            choices: Choices::default(),
            settings: TurnSettings::default(),
            expected: None,
            protected: false,
        }
    }
}

/// A frame set that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Frameset {
    /// Its id.
    pub id: FramesetId,
    /// What was asked for.
    pub wanted: NewFrameset,
    /// Open or committed.
    pub state: FramesetState,
    /// Whose key opened it.
    pub key: KeyId,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// Frames that have arrived.
    pub frames: u32,
    /// Their bytes together.
    pub bytes: u64,
    /// Whether more of them may wait in the bucket.
    pub in_bucket: bool,
}

/// A file's name within a frame set: one path segment that every file system takes, and none that hides. Accents are
/// stored in one way, so that names which look the same are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// A name that was parsed when its file came.
    pub fn known(text: String) -> Self {
        Self(text)
    }

    /// Whether it names a zip or tar, whose files are wanted and not itself.
    pub fn is_archive(&self) -> bool {
        let extension = self.0.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|is| ["zip", "tar"].iter().any(|archive| is.eq_ignore_ascii_case(archive)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// File systems take 255 bytes, and partial files have a suffix.
const NAME_MAX_BYTES: usize = 200;

impl FromStr for FileName {
    type Err = BadFileName;

    fn from_str(text: &str) -> Result<Self, BadFileName> {
        let text = composed(text);
        if text.is_empty() || text.len() > NAME_MAX_BYTES {
            return Err(BadFileName::Length);
        }
        if text.starts_with('.') {
            return Err(BadFileName::Hidden);
        }
        if is_junk(&text) {
            return Err(BadFileName::Junk);
        }
        let forbidden = |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | ':' | '\u{fffd}');
        if text.contains(forbidden) { Err(BadFileName::Letters) } else { Ok(Self(text)) }
    }
}

/// The text is no file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFileName {
    /// Empty or too long.
    #[error("a file's name has 1 to 200 bytes")]
    Length,
    /// Begins with a dot.
    #[error("a file's name does not begin with a dot")]
    Hidden,
    /// What a system leaves behind, or a note.
    #[error(
        "a file of the system and a note are no frames: send PNG, JPEG, TIFF or WebP files, or a zip or tar of them"
    )]
    Junk,
    /// A path, or letters that some file system refuses.
    #[error("a file's name has no slash, backslash, colon or control character")]
    Letters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_folder() {
        for good in ["001.png", "Ring gold (2).TIFF", "r\u{fc}ckseite-090.webp", "a..b.png"] {
            assert_eq!(good.parse::<FileName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        let long = "a".repeat(201);
        for (bad, why) in [
            ("", BadFileName::Length),
            (long.as_str(), BadFileName::Length),
            ("..", BadFileName::Hidden),
            (".htaccess", BadFileName::Hidden),
            ("../001.png", BadFileName::Hidden),
            ("a/../../001.png", BadFileName::Letters),
            ("a\\b.png", BadFileName::Letters),
            ("C:001.png", BadFileName::Letters),
            ("a\0.png", BadFileName::Letters),
            ("a\n.png", BadFileName::Letters),
            ("Thumbs.db", BadFileName::Junk),
            ("Icon\r", BadFileName::Junk),
            ("notes.txt", BadFileName::Junk),
        ] {
            assert_eq!(bad.parse::<FileName>(), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let [composed, apart] = ["bague_\u{e9}t\u{e9}.png", "bague_e\u{301}te\u{301}.png"];
        assert_eq!(apart.parse::<FileName>(), composed.parse::<FileName>());
    }

    #[test]
    fn archives_are_known_by_their_names() {
        let is_archive = |name: &str| name.parse::<FileName>().unwrap().is_archive();
        assert!(["ring.zip", "Ring 2.TAR", "a.png.zip"].into_iter().all(is_archive));
        assert!(!["ring.png", "zip", "ring.zip.png", "tar.gz"].into_iter().any(is_archive));
    }

    #[test]
    fn settings_are_what_an_artist_would_write() {
        let settings: TurnSettings =
            serde_json::from_str(r##"{"hero": 30, "ground": "#ffffff", "effort": "max"}"##).unwrap();
        assert_eq!((settings.hero, settings.effort), (30.0, Some(Effort::Max)));
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<TurnSettings>(&text).unwrap(), settings);
        assert_eq!(serde_json::from_str::<TurnSettings>("{}").unwrap(), TurnSettings::default());
        for bad in [r#"{"effort": "slow"}"#, r#"{"ground": "sky"}"#, r#"{"colour": 1}"#] {
            assert!(serde_json::from_str::<TurnSettings>(bad).is_err(), "{bad}");
        }
        assert!(TurnSettings { hero: f64::NAN, ..TurnSettings::default() }.check().is_err());
        assert!(TurnSettings { start: 361.0, ..TurnSettings::default() }.check().is_err());
    }
}
