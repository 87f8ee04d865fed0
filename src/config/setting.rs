//! What one setting is: its key, its kind, its default and its description.

use std::fmt;

use toml::Value;

/// A table of the file, with its settings in reading order.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The table's key, as `server` or `tiers.still`; empty for settings that stand before all tables.
    pub name: String,
    /// What the section is about, in one or more sentences.
    pub about: String,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// One setting. The server, the example file and the reference are made from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The key inside its section, as `listen`.
    pub name: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// The value that applies where the setting is left out, if there is one.
    pub default: Option<Value>,
    /// A value in TOML that shows the shape, where there is no default.
    pub example: Option<&'static str>,
    /// Whether an entry of a list is refused without it.
    pub required: bool,
    /// What it decides: shape, unit, and what happens where it is left out.
    pub about: String,
}

impl Setting {
    /// The key in the file, as `server.listen`.
    pub fn key(&self, section: &str) -> String {
        if section.is_empty() { self.name.to_owned() } else { format!("{section}.{}", self.name) }
    }
}

/// The values that a setting takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is not shown.
    Secret,
    /// The path of a file or folder.
    Path,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A number that may have a fraction.
    Number {
        /// The smallest.
        least: f64,
        /// The largest.
        most: f64,
    },
    /// One of these words.
    Word(Vec<&'static str>),
    /// A list of texts.
    Texts,
    /// A list of these words.
    Words(Vec<&'static str>),
    /// A list of tables, each with these settings.
    Tables(Vec<Setting>),
}

/// A whole number in a range.
pub(super) const fn whole(least: i64, most: i64) -> Kind {
    Kind::Whole { least, most }
}

/// A whole number with no upper limit of its own.
pub(super) const fn whole_from(least: i64) -> Kind {
    whole(least, i64::MAX)
}

/// A number of days, hours or things that fits the database.
pub(super) const fn count_from(least: i64) -> Kind {
    whole(least, u32::MAX as i64)
}

/// One of these words.
pub(super) fn word(words: &[&'static str]) -> Kind {
    Kind::Word(words.to_vec())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text | Self::Secret => f.write_str("a text"),
            Self::Path => f.write_str("a path"),
            Self::Flag => f.write_str("true or false"),
            Self::Whole { least, most: i64::MAX } => write!(f, "a whole number from {least}"),
            Self::Whole { least, most } if *most == i64::from(u32::MAX) => {
                write!(f, "a whole number from {least}")
            }
            Self::Whole { least, most } if least == most => write!(f, "{least}"),
            Self::Whole { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Number { least, most } => write!(f, "a number from {least} to {most}"),
            Self::Word(words) => f.write_str(&quoted(words, "or")),
            Self::Texts => f.write_str("a list of texts"),
            Self::Words(words) => write!(f, "a list of {}", quoted(words, "and")),
            Self::Tables(_) => f.write_str("a list of tables"),
        }
    }
}

/// `"a", "b" or "c"`.
fn quoted(words: &[&str], joint: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match &quoted[..] {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {joint} {last}", first.join(", ")),
    }
}

/// One sentence or more from the lines of a doc comment.
pub(super) fn about(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// A section's struct, with its defaults and its settings from one list: `field: Type = default, kind;`, and a value as
/// an example where the default is none.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:ident),+)])?
        $key:literal $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr, $kind:expr $(, $example:literal)?; )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize $($(, $derive)+)?)]
        #[serde(default)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// The section with all its settings.
            pub(super) fn section() -> $crate::config::setting::Section {
                use $crate::config::setting::{Section, Setting, about, default_of};
                let defaults = Self::default();
                Section {
                    name: $key.to_owned(),
                    about: about(&[$($about),+]),
                    settings: vec![ $( Setting {
                        name: stringify!($field),
                        kind: $kind,
                        default: default_of(&defaults.$field),
                        example: None $(.or(Some($example)))?,
                        required: false,
                        about: about(&[$($doc),+]),
                    } ),+ ],
                }
            }
        }
    };
}
pub(super) use section;

/// The settings of each table of a list: `name: kind, "example", "description"`; with `required` where the table is
/// refused without it.
macro_rules! entries {
    ($( $name:ident: $kind:expr, $example:literal, $about:literal $(, $required:ident)?; )+) => {
        vec![ $( $crate::config::setting::Setting {
            name: stringify!($name),
            kind: $kind,
            default: None,
            example: Some($example),
            required: false $(|| stringify!($required) == "required")?,
            about: $about.to_owned(),
        } ),+ ]
    };
}
pub(super) use entries;

/// A default as TOML; none for what is left out by default, and for an empty text or list.
pub(super) fn default_of<T: serde::Serialize>(value: &T) -> Option<Value> {
    let value = Value::try_from(value).ok()?;
    let is_empty = match &value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    (!is_empty).then_some(value)
}
