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
}

/// The format of the measurements.
#[derive(ToSchema)]
pub(crate) enum VitalsSchema {
    #[schema(rename = "girasol.vitals/1")]
    V1,
}
