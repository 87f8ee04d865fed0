//! What a check came to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kept;

/// All that is wrong with a set, or odd about it. Its fields in a file are for another process of the same version.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Diagnosis {
    /// How many image files the set has.
    pub frames: usize,
    /// The content of each file when it was looked at, in the order of the source; `None` where it could not be read.
    #[serde(with = "kept::hashes")]
    pub files: Vec<Option<blake3::Hash>>,
    /// Whether most frames are transparent. Kept so, they cost quality; laid on a ground, they cost nothing.
    pub transparent: bool,
    /// What was found: first what blocks, then what asks, then what warns, each in the order of [`Kind::ALL`].
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Whether an ingest would refuse the set.
    pub fn blocks(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Blocks)
    }

    /// Whether a person has to say that what was found is meant, or an ingest would refuse the set.
    pub fn asks(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity <= Severity::Asks)
    }

    /// The mends that are offered, each once, in the order in which they are best applied.
    pub fn mends(&self) -> Vec<Mend> {
        let offered = |mend: &Mend| self.findings.iter().any(|finding| finding.mend == Some(*mend));
        Mend::ALL.iter().copied().filter(offered).collect()
    }
}

/// One thing that is wrong, with the frames that it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of fault it is.
    pub kind: Kind,
    /// What it means for the set.
    pub severity: Severity,
    /// The files that it is about, in turn order; for missing frames the names that they would have. Empty
    /// where it is about the whole set.
    pub frames: Vec<String>,
    /// What is wrong: a sentence or two for the artist.
    pub message: String,
    /// What to do about it: a sentence in the imperative.
    pub remedy: String,
    /// What can be done about it safely without the artist's tools.
    pub mend: Option<Mend>,
    /// A picture that shows it, as WebP at most 800 pixels wide.
    #[serde(with = "kept::picture")]
    pub evidence: Option<Vec<u8>>,
    /// What evening the exposure takes.
    pub(super) gains: Vec<Gain>,
}

/// By how much the light of a frame has to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Gain {
    pub(super) name: String,
    pub(super) stops: f32,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// An ingest refuses the set.
    Blocks,
    /// The set can be published, and visitors are bound to see it: a person has to say that it is meant.
    Asks,
    /// The set can be published, and visitors may see it.
    Warns,
}

impl Severity {
    /// A stable word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Asks => "asks",
            Self::Warns => "warns",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $slug:literal,)*) => {
        /// What kind of fault a [`Finding`] is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// All of them, in the order in which findings are listed.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// A stable word for machines.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $slug,)*
                }
            }
        }
    };
}

kinds! {
    /// Files that cannot be used, whatever the reason.
    Unreadable "unreadable",
    /// Hardly a turn.
    TooFewFrames "too-few-frames",
    /// Names that do not count together.
    MixedNames "mixed-names",
    /// Numbers that are missing in the names.
    MissingFrames "missing-frames",
    /// Frames of several sizes.
    SizesDiffer "sizes-differ",
    /// Frames that their files turn otherwise than the others.
    OrientationsDiffer "orientations-differ",
    /// The same picture under several names.
    DuplicateFrames "duplicate-frames",
    /// A last frame that shows the first view again.
    ClosingFrame "closing-frame",
    /// Frames that show another piece.
    ForeignFrames "foreign-frames",
    /// Frames that fit better elsewhere in the turn.
    OutOfOrder "out-of-order",
    /// A last frame that is further from the first than frames are from each other.
    OpenTurn "open-turn",
    /// Steps that are larger or smaller than those around them.
    UnevenSteps "uneven-steps",
    /// Frames that are lighter or darker than their neighbours.
    ExposureJump "exposure-jump",
    /// Frames of another tint than their neighbours.
    ColourJump "colour-jump",
    /// Frames in which the piece lies elsewhere than in their neighbours.
    OffCentre "off-centre",
    /// Transparency in some frames only.
    AlphaComesAndGoes "alpha-comes-and-goes",
    /// A piece that is cut off by the edge of the frame.
    TouchesEdge "touches-edge",
    /// A piece that fills little of the frame, or none of it.
    TooSmall "too-small",
    /// Frames of several colour profiles.
    ProfilesDiffer "profiles-differ",
    /// Frames with more or fewer bits a channel than the others.
    DepthsDiffer "depths-differ",
    /// Colours that were converted to sRGB.
    ProfileConverted "profile-converted",
    /// Files that leave open what they show, or say it in a way that cannot be used, and what was assumed.
    Assumed "assumed",
}

/// What can be done about a finding safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mend {
    /// Leave out frames that repeat another one.
    LeaveOut,
    /// Close up the numbers of frames that are all there.
    Renumber,
    /// Make frames as light as their neighbours.
    EvenExposure,
}

impl Mend {
    /// All of them, in the order in which they are best applied.
    pub const ALL: &[Self] = &[Self::LeaveOut, Self::Renumber, Self::EvenExposure];

    /// A stable word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeaveOut => "leave-out",
            Self::Renumber => "renumber",
            Self::EvenExposure => "even-exposure",
        }
    }
}

macro_rules! displayed {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        })*
    };
}

displayed!(Kind, Severity, Mend);
