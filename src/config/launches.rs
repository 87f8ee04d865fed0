//! `[[launches]]`

use serde::{Deserialize, Serialize};

use crate::domain::alerts::{BadLaunch, Launch, WrittenLaunch};

use super::{
    problem::Problem,
    setting::{Kind, Setting, entries},
};

/// A sale that is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchConfig {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// What is sold.
    #[serde(default)]
    pub products: Vec<String>,
    /// Where caches in front are.
    #[serde(default)]
    pub edges: Vec<String>,
}

/// The setting itself, which stands before all sections.
pub(super) fn launches() -> Setting {
    Setting {
        name: "launches",
        kind: Kind::Tables(entries! {
            name: Kind::Text, "\"autumn sale\"", "The name in logs and in the report.", required;
            from: Kind::Text, "\"2026-11-27T06:00:00+01:00\"", "When it begins, with the offset from UTC.", required;
            to: Kind::Text, "\"2026-11-30T23:59:00+01:00\"", "When it ends.", required;
            products: Kind::Texts, "[\"ring/solitaire\"]",
                "The products whose live spins are loaded into memory beforehand. Without any, it is the most popular ones.";
            edges: Kind::Texts, "[\"https://cdn.shop.example\"]",
                "Addresses of the CDN or of caches in front, as visitors have them. What a visitor of these spins asks for first is \
                 fetched through each, so that it has them when the launch begins.";
        }),
        default: None,
        example: None,
        required: false,
        about: "Sales that are known beforehand. From half an hour before one until its end, alerts have tighter bounds; servers \
                load its products into memory half an hour and again five minutes before it begins; jobs of the effort `max` and \
                the slow reading of the store rest; and when it is over, its report is sent to every channel of `alerts` and stands at `/ops`. Operators plan more of them at `/ops` and by `girasol launches`, while servers run."
            .to_owned(),
    }
}

impl LaunchConfig {
    /// As the rest of the code has it.
    pub fn launch(&self) -> Result<Launch, BadLaunch> {
        let Self { name, from, to, products, edges } = self.clone();
        WrittenLaunch { name, from, to, products, edges }.launch()
    }
}

pub(super) fn validate(launches: &[LaunchConfig]) -> Result<(), Problem> {
    for (at, launch) in launches.iter().enumerate() {
        if let Err(problem) = launch.launch() {
            return Err(Problem::of(&format!("launches[{at}]"), &format!("{:?}: {problem}", launch.name)));
        }
    }
    Ok(())
}
