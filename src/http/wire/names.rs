//! Schemas of the names that `domain` checks. The types themselves know nothing of the wire.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, Ref, RefOr, Schema, schema::Type},
};

use crate::domain::names::{ConfigId, OptionName, ProductId, Slug};

pub(crate) use crate::domain::manifest::schema::{Digest, Format, Tier};

/// A text with a pattern.
macro_rules! text {
    ($(#[doc = $about:literal] $name:ident: $pattern:literal, $max_length:expr, $example:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($about.trim()))
                    .pattern(Some($pattern))
                    .max_length($max_length)
                    .examples([json!($example)])
                    .into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

text! {
    /// A name: words of a-z and 0-9 with single dashes between them.
    Slug: "^[a-z0-9]+(-[a-z0-9]+)*$", Some(64), "yellow-gold";
    /// An option of a product: a word that is not an HTML attribute.
    OptionName: "^[a-z][a-z0-9]*$", Some(32), "metal";
    /// Jewelry type and base model.
    ProductId: r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$", Some(129), "ring.solitaire";
    /// Product and choices, in the order of the product's options.
    ConfigId: r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*(\.[a-z][a-z0-9]*-[a-z0-9]+(-[a-z0-9]+)*)*$",
        Some(512), "ring.solitaire.metal-yellow-gold.stone-diamond";
    /// 128 random bits.
    Id: "^[0-9a-f]{32}$", None, "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    /// The public part of a key.
    KeyId: "^[0-9a-f]{12}$", None, "5f3a1c9b7e20";
    /// At most 200 bytes of UTF-8 without slash, backslash, colon and control characters.
    FileName: r"^[^./\\:\u0000-\u001f\u007f-\u009f\ufffd][^/\\:\u0000-\u001f\u007f-\u009f\ufffd]*$", Some(200), "ring-000.png";
    /// `#rrggbb`, or the address of a picture.
    Swatch: "^(#[0-9a-f]{6}|https://.+|/.+)$", None, "#c9a86a";
}

/// The schema of ids of frame sets, uploads and jobs; a value is text.
pub(crate) enum Id {}
/// The schema of a key's id.
pub(crate) enum KeyId {}
/// The schema of a file's name.
pub(crate) enum FileName {}
/// The schema of a swatch.
pub(crate) enum Swatch {}
/// The schema of [`crate::domain::names::Choices`].
pub(crate) enum Choices {}

impl PartialSchema for Choices {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(option_name) = OptionName::schema() else {
            unreachable!("a text has a schema of its own")
        };
        ObjectBuilder::new()
            .description(Some("A choice for each option, by the option's name."))
            .property_names(Some(option_name))
            .additional_properties(Some(Ref::from_schema_name("Slug")))
            .examples([json!({"metal": "rose-gold", "stone": "diamond"})])
            .into()
    }
}

impl ToSchema for Choices {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Slug".to_owned(), Slug::schema()));
    }
}
