//! What visitors' browsers measured, by what they had: product, tier, format, network, device and country. Nothing in it
//! identifies a visitor.

use std::collections::BTreeMap;

use crate::domain::{
    histogram::Histogram,
    names::ProductId,
    vitals::{SECTORS, Vitals},
};

/// Values of a property that are told, those with the most views first.
const VALUES: usize = 50;

/// What views have in common that are counted together. Each word is one of a few; an empty one is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The product, as `ring.solitaire`.
    pub product: String,
    /// The tier at the end.
    pub tier: String,
    /// The format of the frames.
    pub format: String,
    /// The policy's rule for the network.
    pub network: String,
    /// The policy's rule for the device.
    pub device: String,
    /// Two letters (ISO 3166-1), as a CDN says.
    pub country: String,
}

/// A property of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Property {
    /// The product.
    Product,
    /// The tier.
    Tier,
    /// The format.
    Format,
    /// The network.
    Network,
    /// The device.
    Device,
    /// The country.
    Country,
}

impl Group {
    /// Its value of a property.
    pub fn value(&self, property: Property) -> &str {
        match property {
            Property::Product => &self.product,
            Property::Tier => &self.tier,
            Property::Format => &self.format,
            Property::Network => &self.network,
            Property::Device => &self.device,
            Property::Country => &self.country,
        }
    }
}

/// A country as a CDN names it in a header: two letters or digits, such as `DE`, `XX` or `T1`. Anything else is unknown.
pub fn country(text: &str) -> Option<String> {
    let text = text.trim();
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| text.to_ascii_uppercase())
}

/// What was counted of a group. Times are in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserTally {
    /// Views.
    pub views: u64,
    /// Failures that visitors were shown.
    pub errors: u64,
    /// Frames painted while a piece turned.
    pub turned: u64,
    /// Of them, those at the wanted angle.
    pub wanted: u64,
    /// Encoded bytes of the frames, a value a view.
    pub bytes: Histogram,
    /// Until the first frame was painted.
    pub frame: Histogram,
    /// Until the first tier could be turned.
    pub spin: Histogram,
    /// Until the last tier was whole.
    pub full: Histogram,
    /// From the choice to its paint: the slowest of a view.
    pub switch: Histogram,
    /// The page's largest contentful paint.
    pub lcp: Histogram,
    /// How much the page's layout shifted, in thousandths.
    pub cls: Histogram,
    /// The page's slowest interaction, to the next paint.
    pub inp: Histogram,
}

impl UserTally {
    /// Counts a view.
    pub fn record(&mut self, view: &Vitals) {
        self.views += 1;
        self.errors += u64::from(view.errors);
        self.turned += u64::from(view.turned);
        self.wanted += u64::from(view.wanted);
        if view.bytes > 0 {
            self.bytes.record(view.bytes);
        }
        let values = [
            (&mut self.frame, view.frame_ms),
            (&mut self.spin, view.spin_ms),
            (&mut self.full, view.full_ms),
            (&mut self.switch, view.switch_ms),
            (&mut self.lcp, view.lcp_ms),
            (&mut self.cls, view.cls_thousandths),
            (&mut self.inp, view.inp_ms),
        ];
        for (histogram, value) in values {
            if let Some(value) = value {
                histogram.record(value.into());
            }
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.views = self.views.saturating_add(other.views);
        self.errors = self.errors.saturating_add(other.errors);
        self.turned = self.turned.saturating_add(other.turned);
        self.wanted = self.wanted.saturating_add(other.wanted);
        for (histogram, other) in self.histograms_mut().into_iter().zip(other.histograms()) {
            histogram.merge(other);
        }
    }

    /// All of its histograms, in the order of their columns.
    pub const fn histograms(&self) -> [&Histogram; 8] {
        let Self { bytes, frame, spin, full, switch, lcp, cls, inp, .. } = self;
        [bytes, frame, spin, full, switch, lcp, cls, inp]
    }

    /// The same, to be changed.
    pub const fn histograms_mut(&mut self) -> [&mut Histogram; 8] {
        let Self { bytes, frame, spin, full, switch, lcp, cls, inp, .. } = self;
        [bytes, frame, spin, full, switch, lcp, cls, inp]
    }

    /// The share of the frames of a turning piece that were at the wanted angle, from 0 to 1; `None` without any.
    pub fn wanted_share(&self) -> Option<f64> {
        (self.turned > 0).then(|| self.wanted as f64 / self.turned as f64)
    }
}

/// How long visitors looked at each sector of a turn, from 0 degrees on, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks(pub [u64; SECTORS]);

impl Default for Looks {
    fn default() -> Self {
        Self([0; SECTORS])
    }
}

impl Looks {
    /// Adds what one view, or another sum, has.
    pub fn add(&mut self, looks: impl IntoIterator<Item = u64>) {
        for (sum, ms) in self.0.iter_mut().zip(looks) {
            *sum = sum.saturating_add(ms);
        }
    }

    /// All sectors together.
    pub fn total_ms(&self) -> u64 {
        self.0.iter().fold(0, |all, ms| all.saturating_add(*ms))
    }

    /// The middle of the sector that was looked at longest, in degrees; `None` where none was.
    pub fn longest_degree(&self) -> Option<u32> {
        let (sector, ms) = self.0.iter().enumerate().rev().max_by_key(|(_, ms)| **ms)?;
        (*ms > 0).then(|| sector as u32 * 10 + 5)
    }
}

/// What visitors had over some hours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserReport {
    /// How many hours.
    pub hours: u32,
    /// Where they begin, in milliseconds since 1970-01-01 UTC: hours are counted whole.
    pub since_ms: i64,
    /// All views.
    pub all: UserTally,
    /// By the value of each property, the most views first.
    pub by: BTreeMap<Property, Vec<(String, UserTally)>>,
    /// How long visitors looked at which angle, by product: those that were looked at longest first.
    pub looks: Vec<(ProductId, Looks)>,
}

/// Takes in groups, and adds them up.
#[derive(Debug, Default)]
pub struct UserGathering {
    all: UserTally,
    by: BTreeMap<Property, BTreeMap<String, UserTally>>,
}

impl UserGathering {
    /// Adds a group's views.
    pub fn add(&mut self, group: &Group, tally: &UserTally) {
        self.all.merge(tally);
        for property in <Property as strum::VariantArray>::VARIANTS {
            let values = self.by.entry(*property).or_default();
            values.entry(group.value(*property).to_owned()).or_default().merge(tally);
        }
    }

    /// Puts everything together.
    pub fn report(self, hours: u32, since_ms: i64, looks: BTreeMap<ProductId, Looks>) -> UserReport {
        let most = |values: BTreeMap<String, UserTally>| {
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.views));
            values.truncate(VALUES);
            values
        };
        let by = self.by.into_iter().map(|(property, values)| (property, most(values))).collect();
        let mut looks: Vec<_> = looks.into_iter().filter(|(_, looks)| looks.total_ms() > 0).collect();
        looks.sort_by_key(|(_, looks)| std::cmp::Reverse(looks.total_ms()));
        looks.truncate(VALUES);
        UserReport { hours, since_ms, all: self.all, by, looks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(rest: &str) -> Vitals {
        let text = format!(
            r#"{{"schema": "girasol.vitals/1", "configuration": "ring.solitaire.metal-platinum", "tier": "standard"{rest}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn group(product: &str, country: &str) -> Group {
        Group { product: product.to_owned(), country: country.to_owned(), ..Group::default() }
    }

    #[test]
    fn views_are_added_up_by_each_property() {
        let mut one = UserTally::default();
        one.record(&view(r#", "frame_ms": 100, "turned": 4, "wanted": 3, "bytes": 1000, "lcp_ms": 900"#));
        let mut other = UserTally::default();
        other.record(&view(r#", "frame_ms": 300, "errors": 1"#));
        let mut gathering = UserGathering::default();
        gathering.add(&group("ring.a", "DE"), &one);
        gathering.add(&group("ring.a", "FR"), &one);
        gathering.add(&group("ring.b", "FR"), &other);
        let report = gathering.report(24, 0, BTreeMap::new());
        assert_eq!((report.all.views, report.all.errors, report.all.wanted_share()), (3, 1, Some(0.75)));
        assert_eq!((report.all.bytes.count(), report.all.lcp.count(), report.all.cls.count()), (2, 2, 0));
        let views = |property| -> Vec<(&str, u64)> {
            report.by[&property].iter().map(|(value, tally)| (value.as_str(), tally.views)).collect()
        };
        assert_eq!(views(Property::Product), [("ring.a", 2), ("ring.b", 1)]);
        assert_eq!(views(Property::Country), [("FR", 2), ("DE", 1)]);
        assert_eq!(views(Property::Network), [("", 3)]);
    }

    #[test]
    fn the_sector_that_was_looked_at_longest_is_told_by_its_middle() {
        let mut looks = Looks::default();
        assert_eq!(looks.longest_degree(), None);
        looks.add([0, 5, 9]);
        looks.add([0, 5]);
        assert_eq!((looks.longest_degree(), looks.total_ms()), (Some(15), 19));
    }

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!(country(" de "), Some("DE".to_owned()));
        for bad in ["", "D", "DEU", "D-", "\u{e4}", "\u{e4}x"] {
            assert_eq!(country(bad), None, "{bad}");
        }
    }
}
