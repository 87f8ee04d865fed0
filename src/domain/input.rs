//! Reading what people and programs write, JSON and TOML, into types; and saying in plain words where and why it does not
//! fit. The parsers speak of their own language (`invalid type: string "2", expected i64`).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, error::Category};

/// Reads JSON text. The error is a sentence without its full stop.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    let Unique(value) = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => at("", &error.to_string()),
        _ => format!("it is not JSON from line {}, column {} on", error.line(), error.column()),
    })?;
    from_value(value)
}

/// JSON in which no object has a field twice. RFC 8259, section 4, leaves open which of the two counts.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Unique(value))) = object.next_entry::<String, _>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

/// Reads JSON that is parsed.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    read(value).map_err(|(path, error)| at(&path, first_line(&error.to_string())))
}

/// Reads a JSON object. serde would take a list for a structure as well.
pub fn from_json_object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    match from_json::<Value>(text)? {
        object @ Value::Object(_) => from_value(object),
        _ => Err("it is not an object".to_owned()),
    }
}

/// Reads TOML text.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let failed = |path: &str, error: &toml::de::Error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let words = at(path, first_line(error.message()));
        line.map_or_else(|| words.clone(), |line| format!("line {line}: {words}"))
    };
    let parser = toml::Deserializer::parse(text).map_err(|error| failed("", &error))?;
    read(parser).map_err(|(path, error)| failed(&path, &error))
}

/// The value, or where in it the error is.
fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<T, (String, D::Error)> {
    serde_path_to_error::deserialize(from).map_err(|error| {
        let path = error.path().to_string();
        (if path == "." { String::new() } else { path }, error.into_inner())
    })
}

/// A sentence about the field at a path, or about the whole where the path is empty.
fn at(path: &str, message: &str) -> String {
    let Some(words) = predicate(message) else {
        return if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
    };
    // The path to an unknown field ends with the field itself.
    let path = if message.starts_with("unknown field ") {
        path.rsplit_once('.').map_or("", |(parent, _)| parent)
    } else {
        path
    };
    format!("{} {words}", if path.is_empty() { "it" } else { path })
}

/// A message of serde in plain words, to stand after the name of what it is about. Messages that are not serde's stay.
pub fn plain(message: &str) -> String {
    predicate(message).unwrap_or_else(|| message.to_owned())
}

fn predicate(message: &str) -> Option<String> {
    let message = first_line(message);
    if let Some(field) = message.strip_prefix("missing field ") {
        return Some(format!("lacks the field {}", bare(field)));
    }
    if let Some(field) = message.strip_prefix("duplicate field ") {
        return Some(format!("has the field {} twice", bare(field)));
    }
    if let Some((field, others)) = unknown(message, "unknown field ") {
        return Some(match others {
            Some(others) => format!("has no field {field}; its fields are {others}"),
            None => format!("has no field {field}"),
        });
    }
    if let Some((word, others)) = unknown(message, "unknown variant ") {
        return Some(match others {
            Some(others) => format!("cannot be {word}; it is one of {others}"),
            None => format!("cannot be {word}"),
        });
    }
    let prefixes = ["invalid type: ", "invalid value: ", "invalid length "];
    let rest = prefixes.iter().find_map(|prefix| message.strip_prefix(prefix))?;
    let (found, expected) = rest.split_once(", expected ")?;
    if expected == "any valid TOML value" {
        return Some(format!("has {}, which is too large a number", thing(found)));
    }
    Some(format!("has to be {}, and is {}", kind(expected), thing(found)))
}

/// Without what the parsers add: where it was, and a drawing of the line.
fn first_line(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    line.split(" at line ").next().unwrap_or_default()
}

/// The unknown word of a message, and the words that are known.
fn unknown<'m>(message: &'m str, prefix: &str) -> Option<(String, Option<String>)> {
    let rest: &'m str = message.strip_prefix(prefix)?;
    let (word, known) = rest.split_once(", ").unwrap_or((rest, ""));
    let known = known.strip_prefix("expected one of ").or_else(|| known.strip_prefix("expected "));
    Some((bare(word), known.map(|known| bare(known).replace(" or ", ", "))))
}

/// Without the quotes of code.
fn bare(words: &str) -> String {
    words.replace('`', "")
}

/// What was expected.
fn kind(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" | "a character" => "text".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") => "one of its words".to_owned(),
        other => bare(other),
    }
}

/// What was found.
fn thing(found: &str) -> String {
    // What serde appends to numbers that only its widest types hold.
    let found = [" as i128", " as u128"].iter().find_map(|wide| found.strip_suffix(wide)).unwrap_or(found);
    let quoted = |word: &str| Some(bare(found.strip_prefix(word)?));
    match found {
        "null" | "unit value" => "null".to_owned(),
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => quoted("integer ")
            .or_else(|| quoted("floating point "))
            .or_else(|| quoted("boolean "))
            .or_else(|| Some(format!("the text {}", found.strip_prefix("string ")?)))
            .unwrap_or_else(|| bare(found)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "the fields are only read into")]
    struct Order {
        version: i64,
        #[serde(default)]
        choices: BTreeMap<String, String>,
        #[serde(default)]
        frames: Option<u32>,
        #[serde(default)]
        shape: Option<Shape>,
        #[serde(default)]
        parts: Option<Part>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "the fields are only read into")]
    struct Part {
        #[serde(deserialize_with = "angle")]
        angle: u32,
    }

    fn angle<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        let angle = u32::deserialize(from)?;
        if angle < 360 { Ok(angle) } else { Err(serde::de::Error::custom("an angle is below 360")) }
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Shape {
        Round,
        Oval,
    }

    #[test]
    fn json_that_does_not_fit_is_explained_with_its_field() {
        for (json, said) in [
            (r#"{"version": "2"}"#, r#"version has to be a whole number, and is the text "2""#),
            (r#"{"version": 1.5}"#, "version has to be a whole number, and is 1.5"),
            (r#"{"version": null}"#, "version has to be a whole number, and is null"),
            (r#"{"version": 1, "frames": -1}"#, "frames has to be a whole number from 0 on, and is -1"),
            (r#"{"version": 1, "choices": []}"#, "choices has to be an object, and is a list"),
            (r#"{"version": 1, "choices": {"metal": 18}}"#, "choices.metal has to be text, and is 18"),
            (r#"{"version": 1, "shape": "flat"}"#, "shape cannot be flat; it is one of round, oval"),
            ("{}", "it lacks the field version"),
            (
                r#"{"version": 1, "colour": 1}"#,
                "it has no field colour; its fields are version, choices, frames, shape, parts",
            ),
            (r#"{"version": 1"#, "it is not JSON from line 1, column 13 on"),
            (r#"{"version": 1, "parts": {"side": "top"}}"#, "parts has no field side; its fields are angle"),
            (r#"{"version": 1, "parts": {"angle": 361}}"#, "parts.angle: an angle is below 360"),
            (r#"{"version": 1, "version": 2}"#, "it has the field version twice"),
            (r#"{"version": 1, "choices": {"metal": "a", "metal": "b"}}"#, "it has the field metal twice"),
            (r#"{"version": 99999999999999999999}"#, "version has to be a whole number, and is 1e+20"),
            ("[1]", "it is not an object"),
            (" \n", "it is empty"),
        ] {
            assert_eq!(from_json_object::<Order>(json.as_bytes()).unwrap_err(), said, "{json}");
        }
    }

    #[test]
    fn toml_that_does_not_fit_is_explained_with_its_line() {
        for (toml, said) in [
            (
                "version = 1\nframes = \"x\"\n",
                "line 2: frames has to be a whole number from 0 on, and is the text \"x\"",
            ),
            ("\n\nversion = 1\nversion = 2\n", "line 4: "),
            ("version = \n", "line 1: "),
            (
                "version = 99999999999999999999\n",
                "line 1: version has to be a whole number, and is 99999999999999999999",
            ),
        ] {
            let told = from_toml::<Order>(toml).unwrap_err();
            let is_whole = said.ends_with(' ') || told == said;
            assert!(told.starts_with(said) && is_whole && told.lines().count() == 1, "{told}");
        }
    }
}
