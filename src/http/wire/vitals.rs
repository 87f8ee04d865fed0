//! What a viewer measured.

use utoipa::ToSchema;

use crate::domain::names::ConfigId;

use super::names;

/// The measurements of one view. Times are milliseconds from when the spin came near the viewport; a client leaves out
/// what did not happen. `domain::vitals` reads them.
#[derive(ToSchema)]
pub(crate) struct Vitals {
    schema: VitalsSchema,
    /// The configuration at the end of the view.
    configuration: ConfigId,
    /// The tier at the end of the view.
    #[schema(value_type = names::Tier)]
    tier: String,
    /// Until the first frame was painted.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    frame_ms: Option<u32>,
    /// Until the first tier could be turned.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    spin_ms: Option<u32>,
    /// Until the last tier was complete.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    full_ms: Option<u32>,
    /// How often the visitor chose another configuration.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    switches: u32,
    /// The slowest switch, from the choice to the paint.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    switch_ms: Option<u32>,
    /// Frames painted while the piece turned.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    turned: u32,
    /// Of those, the frames at the wanted angle.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    wanted: u32,
    /// Encoded bytes of the frames that arrived.
    #[schema(required = false, minimum = 0, maximum = 1_000_000_000)]
    bytes: u64,
    /// Failures that the visitor saw.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    errors: u32,
    /// The format of the frames.
    #[schema(required = false, value_type = names::Format)]
    format: Option<String>,
    /// How long the visitor looked at each sector of the turn, 10 degrees each and from 0 on, in milliseconds up to
    /// 3600000. Sectors at the end may be left out.
    #[schema(required = false, max_items = 36)]
    looks: Vec<u32>,
    /// Frames of hd that were painted while the piece rested, on a screen with more pixels than the frames of its tier.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    rested: u32,
    /// Frames of a loupe that were painted over hd.
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    loupes: u32,
    /// Of the page, where it wants that: its largest contentful paint.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    lcp_ms: Option<u32>,
    /// Of the page: how much its layout shifted, in thousandths.
    #[schema(required = false, minimum = 0, maximum = 100_000)]
    cls_thousandths: Option<u32>,
    /// Of the page: its slowest interaction, to the next paint.
    #[schema(required = false, minimum = 0, maximum = 3_600_000)]
    inp_ms: Option<u32>,
}

/// The format of the measurements.
#[derive(ToSchema)]
pub(crate) enum VitalsSchema {
    #[schema(rename = "girasol.vitals/1")]
    V1,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use utoipa::PartialSchema as _;

    use super::*;
    use crate::domain::vitals;

    /// Whether `domain::vitals` takes it.
    fn is_taken(view: &Value) -> bool {
        serde_json::from_value::<vitals::Vitals>(view.clone()).is_ok_and(|view| view.plausible().is_ok())
    }

    #[test]
    fn measurements_are_read_as_they_are_described() {
        let schema = serde_json::to_value(Vitals::schema()).unwrap();
        let described = schema["properties"].as_object().unwrap();
        let mut view = json!({
            "schema": "girasol.vitals/1", "configuration": "ring.solitaire.metal-platinum", "tier": "standard",
        });
        let read = serde_json::from_value::<vitals::Vitals>(view.clone()).unwrap();
        let read = serde_json::to_value(read).unwrap();
        let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(read.as_object().unwrap()), names(described));
        let most: Vec<(&String, u64)> = described
            .iter()
            .filter_map(|(name, field)| Some((name, field["maximum"].as_f64()? as u64)))
            .collect();
        assert_eq!(most.len(), described.len() - 5);
        for (name, most) in &most {
            view[*name] = json!(most);
        }
        assert!(is_taken(&view), "{view}");
        for (name, most) in most {
            let mut beyond = view.clone();
            beyond[name] = json!(most + 1);
            assert!(!is_taken(&beyond), "{name}");
        }
    }
}
