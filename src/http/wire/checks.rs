//! The doctor's findings in a frame set.

use assets_pipeline::doctor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;

/// A check of a frame set.
#[derive(Serialize, ToSchema)]
pub(crate) struct Check {
    pub(crate) state: CheckState,
    /// Frames that are checked.
    pub(crate) done: usize,
    /// All frames.
    pub(crate) total: usize,
    /// The revision of the set that is checked.
    #[schema(value_type = names::Digest)]
    pub(crate) revision: String,
    /// Whether most frames are transparent.
    pub(crate) transparent: bool,
    pub(crate) findings: Vec<Finding>,
}

/// The state of a check.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckState {
    /// The set has no frame.
    Empty,
    /// The check runs.
    Running,
    /// The findings are complete.
    Done,
}

/// Something wrong with a frame set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    pub(crate) id: usize,
    /// A slug that does not change.
    #[schema(pattern = "^[a-z0-9-]+$", examples("duplicate-frames"))]
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// The names of the frames.
    pub(crate) frames: Vec<String>,
    pub(crate) message: String,
    pub(crate) remedy: String,
    /// The address of a picture.
    #[schema(format = "uri-reference")]
    pub(crate) evidence: Option<String>,
    /// The mend that repairs it.
    pub(crate) mend: Option<Mend>,
    /// The mend in words.
    pub(crate) mend_label: Option<String>,
}

/// How bad a finding is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The set is not published with it.
    Blocks,
    /// Visitors are bound to see it: the commit has to acknowledge it.
    Asks,
    /// Visitors may notice it.
    Warns,
}

impl From<doctor::Severity> for Severity {
    fn from(severity: doctor::Severity) -> Self {
        match severity {
            doctor::Severity::Blocks => Self::Blocks,
            doctor::Severity::Asks => Self::Asks,
            doctor::Severity::Warns => Self::Warns,
        }
    }
}

/// A safe repair.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mend {
    /// Leaves repeated frames out.
    LeaveOut,
    /// Closes gaps in the numbers.
    Renumber,
    /// Evens the exposure of single frames.
    EvenExposure,
}

impl From<doctor::Mend> for Mend {
    fn from(mend: doctor::Mend) -> Self {
        match mend {
            doctor::Mend::LeaveOut => Self::LeaveOut,
            doctor::Mend::Renumber => Self::Renumber,
            doctor::Mend::EvenExposure => Self::EvenExposure,
        }
    }
}

/// A mend to apply.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyMend {
    #[schema(value_type = Mend)]
    pub(crate) mend: String,
    /// The revision of the check whose findings are mended. The mend fails if the set has another one by now.
    #[schema(value_type = names::Digest)]
    pub(crate) revision: String,
}
