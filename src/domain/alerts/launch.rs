//! Launches: times of a sale that are known beforehand.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::domain::{
    line::{is_line, is_seen},
    names::ProductId,
};

/// Most characters of a name.
const NAME_MAX_CHARS: usize = 100;
/// Bytes of the address of a cache in front, at most.
const EDGE_MAX_BYTES: usize = 500;
/// The longest launch that is planned while servers run: views are kept as long, and no longer is it compared with anything.
const LONGEST_MS: i64 = 31 * 24 * 3_600_000;
/// Most products of a launch.
const MOST_PRODUCTS: usize = 500;
/// Most caches in front that are warmed for it.
const MOST_EDGES: usize = 50;

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its name.
    pub name: String,
    /// From when on, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// What is sold; empty: everything.
    pub products: Vec<ProductId>,
    /// Addresses of caches in front, which are warmed too.
    pub edges: Vec<String>,
}

/// A launch as people write it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// When it begins (RFC 3339), as `2026-11-27T06:00:00+01:00`.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// Ids of products.
    pub products: Vec<String>,
    /// Addresses of caches in front.
    pub edges: Vec<String>,
}

/// Why a launch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLaunch {
    /// The name says nothing, or is no line.
    #[error("name must have 1 to {NAME_MAX_CHARS} characters on one line")]
    Name,
    /// `from` or `to` is no moment.
    #[error("{0} must be a moment as 2026-11-27T06:00:00+01:00")]
    Moment(&'static str),
    /// `to` is not later than `from`.
    #[error("ends before it begins")]
    Order,
    /// No product has such an id.
    #[error("products: {0}")]
    Product(String),
    /// A cache in front cannot have such an address.
    #[error("edges must be addresses as https://cdn.shop.example, without credentials")]
    Edge,
    /// It is over already.
    #[error("it is over already: from and to are in the past")]
    Over,
    /// It would go on for longer than 31 days.
    #[error("it may last 31 days: work that can wait rests until it is over")]
    Endless,
    /// A list is too long.
    #[error("takes at most {MOST_PRODUCTS} products and {MOST_EDGES} edges")]
    Long,
}

impl Written {
    /// Reads it.
    pub fn launch(&self) -> Result<Launch, BadLaunch> {
        let Self { name, from, to, products, edges } = self;
        if !is_seen(name) || !is_line(name) || name.chars().count() > NAME_MAX_CHARS {
            return Err(BadLaunch::Name);
        }
        let moment = |key, text: &str| {
            let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_other| BadLaunch::Moment(key))?;
            Ok(parsed.unix_timestamp() * 1000)
        };
        let (from_ms, until_ms) = (moment("from", from)?, moment("to", to)?);
        if until_ms <= from_ms {
            return Err(BadLaunch::Order);
        }
        if products.len() > MOST_PRODUCTS || edges.len() > MOST_EDGES {
            return Err(BadLaunch::Long);
        }
        let product =
            |id: &String| id.parse::<ProductId>().map_err(|error| BadLaunch::Product(error.to_string()));
        let products = products.iter().map(product).collect::<Result<_, _>>()?;
        if !edges.iter().all(|edge| {
            is_endpoint(edge) && edge.len() <= EDGE_MAX_BYTES && !edge.contains(char::is_whitespace)
        }) {
            return Err(BadLaunch::Edge);
        }
        Ok(Launch { name: name.trim().to_owned(), from_ms, until_ms, products, edges: edges.clone() })
    }
}

/// Whether a text is an address of HTTP with a host, and without credentials or a fragment.
pub fn is_endpoint(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['@', '#']))
}

/// How long before a launch its rules hold, and its caches are warmed.
pub const BEFORE_MS: i64 = 30 * 60_000;
/// How long before a launch its caches are warmed, each time: while there is time still, and just before.
const PREPARE_MS: [i64; 2] = [BEFORE_MS, 5 * 60_000];

impl Launch {
    /// Whether it can be planned at a moment. Those of the settings may be of the past.
    pub fn is_plan(&self, now_ms: i64) -> Result<(), BadLaunch> {
        if self.is_over(now_ms) {
            return Err(BadLaunch::Over);
        }
        if self.until_ms - self.from_ms > LONGEST_MS {
            return Err(BadLaunch::Endless);
        }
        Ok(())
    }

    /// Whether rules are tight at a moment, and work rests that can wait: from half an hour before the launch to its end.
    pub const fn is_on(&self, now_ms: i64) -> bool {
        self.from_ms - BEFORE_MS <= now_ms && now_ms < self.until_ms
    }

    /// Until when work rests at a moment that can wait.
    pub fn rests_until_ms(&self, now_ms: i64) -> Option<i64> {
        self.is_on(now_ms).then_some(self.until_ms)
    }

    /// Whether it is prepared in a time: twice before it begins.
    pub fn is_prepared_between(&self, after_ms: i64, until_ms: i64) -> bool {
        let moments = PREPARE_MS.map(|before_ms| self.from_ms - before_ms);
        moments.into_iter().any(|at_ms| after_ms < at_ms && at_ms <= until_ms)
    }

    /// Whether it is over.
    pub const fn is_over(&self, now_ms: i64) -> bool {
        self.until_ms <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_says_what_is_wrong_with_it() {
        let good = Written {
            name: " autumn sale".to_owned(),
            from: "2026-11-27T06:00:00+01:00".to_owned(),
            to: "2026-11-27T07:00:00Z".to_owned(),
            products: vec!["ring/solitaire".to_owned()],
            edges: vec!["https://cdn.shop.example".to_owned()],
        };
        let launch = good.launch().unwrap();
        assert_eq!((launch.name.as_str(), launch.until_ms - launch.from_ms), ("autumn sale", 2 * 3_600_000));
        let check = |change: fn(&mut Written), says: &str| {
            let mut bad = good.clone();
            change(&mut bad);
            let error = bad.launch().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        check(|bad| bad.name = "  ".to_owned(), "name must have 1 to 100");
        check(|bad| bad.name = "a\nb".to_owned(), "on one line");
        check(|bad| bad.name = "a\u{2028}b".to_owned(), "on one line");
        check(|bad| bad.name = "elas\u{202e}".to_owned(), "on one line");
        check(|bad| bad.name = "\u{200b}".to_owned(), "name must have 1 to 100");
        check(|bad| bad.edges = vec!["https://cdn.example\nx: y".to_owned()], "edges must be");
        check(|bad| bad.edges = vec![format!("https://{}", "a".repeat(500))], "edges must be");
        check(|bad| bad.from = "tomorrow".to_owned(), "from must be a moment");
        check(|bad| bad.to = "2026-11-27T06:00:00".to_owned(), "to must be a moment");
        check(|bad| bad.to.clone_from(&bad.from), "ends before it begins");
        check(|bad| bad.products = vec!["a ring".to_owned()], "products: ");
        check(|bad| bad.edges = vec!["https://user@cdn.example".to_owned()], "without credentials");
        check(|bad| bad.edges = vec!["https://cdn.example".to_owned(); 51], "at most 500 products and 50");
    }

    #[test]
    fn what_is_planned_is_to_come_and_has_an_end() {
        let launch = |from_ms, until_ms| Launch {
            name: "sale".to_owned(),
            from_ms,
            until_ms,
            products: vec![],
            edges: vec![],
        };
        assert_eq!(launch(0, 1_000).is_plan(999), Ok(()));
        assert_eq!(launch(0, 1_000).is_plan(1_000), Err(BadLaunch::Over));
        assert_eq!(launch(5, 5 + LONGEST_MS).is_plan(0), Ok(()));
        assert_eq!(launch(5, 6 + LONGEST_MS).is_plan(0), Err(BadLaunch::Endless));
    }

    #[test]
    fn a_launch_begins_half_an_hour_early_and_ends_in_time() {
        let hour = 3_600_000;
        let launch = Launch {
            name: "sale".to_owned(),
            from_ms: hour,
            until_ms: 2 * hour,
            products: vec![],
            edges: vec![],
        };
        let on = [0, hour / 2, hour, 2 * hour - 1, 2 * hour].map(|now| launch.is_on(now));
        assert_eq!(on, [false, true, true, true, false]);
        assert!(launch.is_over(2 * hour) && !launch.is_over(hour));
        let minutes = [29, 30, 54, 55, 56].map(|minute| minute * 60_000);
        let prepared = minutes.map(|now| launch.is_prepared_between(now - 60_000, now));
        assert_eq!(prepared, [false, true, false, true, false]);
    }
}
