//! What visitors' browsers measured.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    histogram::Histogram,
    names::ProductId,
    performance::users::{Looks, UserReport, UserTally},
};

use super::timestamp::Timestamp;

/// What browsers measured over some hours.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPerformance {
    hours: u32,
    /// Hours are counted whole.
    since: Timestamp,
    all: UserFigures,
    /// By `product`, `tier`, `format`, `network`, `device` and `country`: the values with the most views.
    by: BTreeMap<&'static str, Vec<UserValue>>,
    /// How long visitors looked at which angle.
    looks: Vec<ProductLooks>,
}

/// The figures of one value of a property.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserValue {
    /// Empty where it is unknown.
    #[schema(examples("avif"))]
    value: String,
    figures: UserFigures,
}

/// The figures of some views.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserFigures {
    views: u64,
    /// Failures that visitors were shown.
    errors: u64,
    /// The share of the frames of a turning piece that were at the wanted angle, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    wanted_share: Option<f64>,
    /// Encoded bytes of the frames of a view.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bytes: Option<Quantiles>,
    /// Until the first frame was painted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    frame_ms: Option<Quantiles>,
    /// Until the first tier could be turned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    spin_ms: Option<Quantiles>,
    /// Until the last tier was complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    full_ms: Option<Quantiles>,
    /// From a choice to its paint, the slowest of a view.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    switch_ms: Option<Quantiles>,
    /// The page's largest contentful paint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lcp_ms: Option<Quantiles>,
    /// How much the page's layout shifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cls: Option<Quantiles>,
    /// The page's slowest interaction, to the next paint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    inp_ms: Option<Quantiles>,
}

/// Quantiles of the views that have the value, each within 1/32 of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quantiles {
    /// Views that have it.
    views: u64,
    p50: f64,
    p75: f64,
    p95: f64,
}

/// How long visitors looked at each sector of a product's turn.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductLooks {
    product: ProductId,
    /// Of all visitors together.
    seconds: f64,
    /// The middle of the sector that was looked at longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    longest_degree: Option<u32>,
    /// Shares of the time, by sectors of 10 degrees from 0 on.
    shares: Vec<f64>,
}

impl From<&UserReport> for UserPerformance {
    fn from(report: &UserReport) -> Self {
        let value =
            |(value, tally): &(String, UserTally)| UserValue { value: value.clone(), figures: tally.into() };
        let by = report.by.iter().map(|(property, values)| {
            let name: &'static str = (*property).into();
            (name, values.iter().map(value).collect())
        });
        Self {
            hours: report.hours,
            since: Timestamp(report.since_ms),
            all: (&report.all).into(),
            by: by.collect(),
            looks: report.looks.iter().map(Into::into).collect(),
        }
    }
}

impl From<&UserTally> for UserFigures {
    fn from(tally: &UserTally) -> Self {
        Self {
            views: tally.views,
            errors: tally.errors,
            wanted_share: tally.wanted_share(),
            bytes: quantiles(&tally.bytes, 1.0),
            frame_ms: quantiles(&tally.frame, 1.0),
            spin_ms: quantiles(&tally.spin, 1.0),
            full_ms: quantiles(&tally.full, 1.0),
            switch_ms: quantiles(&tally.switch, 1.0),
            lcp_ms: quantiles(&tally.lcp, 1.0),
            cls: quantiles(&tally.cls, 1000.0),
            inp_ms: quantiles(&tally.inp, 1.0),
        }
    }
}

fn quantiles(histogram: &Histogram, unit: f64) -> Option<Quantiles> {
    let of = |share| histogram.quantile(share).map(|value| value as f64 / unit);
    Some(Quantiles { views: histogram.count(), p50: of(0.5)?, p75: of(0.75)?, p95: of(0.95)? })
}

impl From<&(ProductId, Looks)> for ProductLooks {
    fn from((product, looks): &(ProductId, Looks)) -> Self {
        let total = looks.total_ms() as f64;
        Self {
            product: product.clone(),
            seconds: total / 1000.0,
            longest_degree: looks.longest_degree(),
            shares: looks.0.iter().map(|ms| *ms as f64 / total.max(1.0)).collect(),
        }
    }
}
