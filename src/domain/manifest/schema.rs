//! Types of the manifest as the OpenAPI document names them: those of other crates, and texts with a pattern.

use utoipa::ToSchema;

/// The format of the manifest.
#[derive(Debug, ToSchema)]
#[schema(as = ManifestSchema)]
pub enum Name {
    /// The first.
    #[schema(rename = "girasol.manifest/1")]
    V1,
}

/// BLAKE3 of the content, cut to 128 bits.
#[derive(Debug, ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$", examples("4be19c0d5a7f4c2e8d316f20b7a9e415"))]
pub struct Digest(pub String);

/// A colour as `#rrggbb`.
#[derive(Debug, ToSchema)]
#[schema(pattern = "^#[0-9a-f]{6}$", examples("#c9a86a"))]
pub struct Colour(pub String);

/// A published image format.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Format {
    /// Smaller, and slower to encode.
    Avif,
    /// For clients without AVIF.
    Webp,
}

/// How many frames, how large, within how many bytes.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum Tier {
    /// The hero frame.
    Still,
    /// A few small frames.
    Preview,
    /// The smaller half of standard.
    #[schema(rename = "standard-24")]
    Standard24,
    /// What most clients get.
    Standard,
    /// Large frames for zooming.
    Hd,
}

/// The metric of quality.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Metric {
    /// SSIMULACRA2 against the resized originals.
    Ssimulacra2,
}
