//! What visitors do, as data.

use std::time::Duration;

use crate::shop::{SMALL, Shop, WHOLE};

/// One kind of load.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// For the table and the help.
    pub(crate) what: &'static str,
    pub(crate) visits: Visits,
    /// Visits a second, one number for each part of the time.
    pub(crate) rates: &'static [f64],
    /// How long all parts take.
    pub(crate) time: Duration,
    /// What else happens.
    pub(crate) beside: Beside,
    /// Whether a server that sheds load does what it should: its answers of 503 are no errors then.
    pub(crate) may_shed: bool,
    /// Whether the scenario runs only where it is named.
    pub(crate) only_by_name: bool,
    pub(crate) shop: &'static Shop,
    pub(crate) held: Held,
}

/// What of a run is held against its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Everything.
    All,
    /// What is the same on a machine that has other things to do: failures, memory, requests and bytes of a visit.
    Stable,
}

/// What one visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visits {
    /// A product, its spin, a metal or two more, and what the viewer measured.
    Browse,
    /// Ten metals in three seconds.
    TenMetals,
    /// A page of five to eight pieces of different types.
    Types,
    /// One address after the other, each once.
    Everything,
}

/// What goes on beside the visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// Artists send, commit and publish sets of frames, one after the other.
    Artists,
    /// The server has just started, and has nothing in memory.
    Start,
}

const PLAIN: Scenario = Scenario {
    name: "",
    what: "",
    visits: Visits::Browse,
    rates: &[500.0],
    time: Duration::from_secs(30),
    beside: Beside::Nothing,
    may_shed: false,
    only_by_name: false,
    shop: &WHOLE,
    held: Held::All,
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "browse", what: "500 visitors a second browse: products, spins, other metals", ..PLAIN },
    Scenario {
        name: "metals",
        what: "40 visitors a second look at ten metals in three seconds each",
        visits: Visits::TenMetals,
        rates: &[40.0],
        ..PLAIN
    },
    Scenario {
        name: "types",
        what: "60 pages a second show five to eight pieces of different types at once",
        visits: Visits::Types,
        rates: &[60.0],
        ..PLAIN
    },
    Scenario {
        name: "artists",
        what: "100 visitors a second, while artists send sets that are encoded on the same machine",
        rates: &[100.0],
        beside: Beside::Artists,
        ..PLAIN
    },
    Scenario {
        name: "cold",
        what: "a CDN fetches everything once from a server that has just started, 500 requests a second",
        visits: Visits::Everything,
        rates: &[500.0],
        time: Duration::from_secs(10),
        beside: Beside::Start,
        ..PLAIN
    },
    Scenario {
        name: "spike",
        what: "a sale: 100 visitors a second become 200, 500 and 1,000, and then 100 again",
        rates: &[100.0, 200.0, 500.0, 1_000.0, 100.0],
        time: Duration::from_secs(50),
        may_shed: true,
        ..PLAIN
    },
    Scenario {
        name: "soak",
        what: "an hour of 50 visitors a second, for the slope of memory; only by name",
        rates: &[50.0],
        time: Duration::from_hours(1),
        only_by_name: true,
        ..PLAIN
    },
    Scenario {
        name: "short",
        what: "20 visitors a second browse a small shop, for what is stable; only by name",
        rates: &[20.0],
        time: Duration::from_secs(15),
        only_by_name: true,
        shop: &SMALL,
        held: Held::Stable,
        ..PLAIN
    },
];

impl Scenario {
    /// Visits a second at a moment of the run, which takes so long; `None` after its end.
    pub(crate) fn rate_at(&self, at: Duration, time: Duration) -> Option<f64> {
        let part = at.as_secs_f64() / time.as_secs_f64() * self.rates.len() as f64;
        self.rates.get(part as usize).copied()
    }
}
