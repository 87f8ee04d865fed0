//! Schemas of a turn's settings. The settings themselves are a type of the domain, which is stored as it is sent.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, ObjectBuilder, RefOr, Schema,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

/// The schema of [`crate::domain::frameset::TurnSettings`].
pub(crate) enum Settings {}

/// The schema of a change of settings: any of their fields.
pub(crate) enum SettingsChange {}

impl PartialSchema for Settings {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().description(Some("The settings of a turn."));
        fields()
            .into_iter()
            .fold(object, |object, (name, field)| object.property(name, field).required(name))
            .into()
    }
}

impl ToSchema for Settings {}

impl PartialSchema for SettingsChange {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new()
            .description(Some("Settings of a turn. Fields that are left out keep their values."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        fields().into_iter().fold(object, |object, (name, field)| object.property(name, field)).into()
    }
}

impl ToSchema for SettingsChange {}

fn fields() -> [(&'static str, Object); 6] {
    let degrees = |about: &str| {
        let number = ObjectBuilder::new().schema_type(Type::Number).description(Some(about));
        number.minimum(Some(-360)).maximum(Some(360)).build()
    };
    let flag = |about: &str| ObjectBuilder::new().schema_type(Type::Boolean).description(Some(about)).build();
    let ground = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The background, `#rrggbb` or `transparent`; null keeps that of the frames."))
        .pattern(Some("^(#[0-9a-fA-F]{6}|transparent)$"));
    let effort = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("The time that encoders may take; null leaves it to the server's settings."))
        .enum_values(Some([json!("default"), json!("max"), json!(null)]));
    [
        ("hero", degrees("The angle of the hero frame, in degrees.")),
        ("start", degrees("The angle that the first frame shows, in degrees.")),
        ("clockwise", flag("The piece turns clockwise, seen from above.")),
        ("ground", ground.build()),
        ("denoise", flag("Remove a photograph's noise.")),
        ("effort", effort.build()),
    ]
}
