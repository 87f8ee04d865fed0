//! What rules are about.

use std::collections::BTreeMap;

use super::objective::{Objective, Pace};

/// Something that is measured, over the time that its rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// P95 of the time of manifests, frames, packs and stills over 5 minutes, in milliseconds.
    Latency,
    /// Share of those requests that failed in the server over 5 minutes, in per cent.
    Errors,
    /// Share of objects and answers that were in memory over 15 minutes, in per cent.
    HitRate,
    /// Memory that is used, of what the process may have, in per cent.
    Memory,
    /// How long the job has waited that was due first, in seconds.
    QueueAge,
    /// How long a cache has not acknowledged its oldest purge, in seconds; by cache.
    PurgeAge,
    /// Purges that were given up; by cache.
    FailedPurges,
    /// What is free of the disk with the data folder, in per cent.
    DiskFree,
    /// Objects that versions need and that the slow reading of the store has found missing or damaged.
    FaultyObjects,
    /// Renditions of live versions that were made within a day and are below the floor of their family.
    PoorRenditions,
    /// Hours since the last backup that succeeded.
    BackupAge,
    /// Whether the replica of the database can be used: 1 or 0.
    Replica,
    /// Whether the database takes reads and writes: 1 or 0.
    Database,
    /// Whether the store answers: 1 or 0.
    Store,
    /// Whether the cache that servers share answers: 1 or 0.
    SharedCache,
    /// Whether all tasks beside requests have done their work in time: 1 or 0.
    Tasks,
    /// How many times faster than planned the error budget of an objective is spent: the lesser of the two windows.
    Burn(Objective, Pace),
}

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The same whichever process measures it.
    Service,
    /// Each process has its own.
    Instance,
}

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Hours.
    Hours,
    /// Per cent.
    Percent,
    /// A number of things.
    Count,
    /// Times as fast as planned.
    Times,
    /// 1 or 0.
    Truth,
}

impl Unit {
    /// A value for people.
    pub fn shown(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Seconds => format!("{value:.0} s"),
            Self::Hours => format!("{value:.1} h"),
            Self::Percent => format!("{value:.1} %"),
            Self::Count => format!("{value:.0}"),
            Self::Times => format!("{value:.1} times"),
            Self::Truth => if value > 0.5 { "yes" } else { "no" }.to_owned(),
        }
    }
}

impl Measure {
    /// Whose value it is.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Memory
            | Self::DiskFree
            | Self::Replica
            | Self::Database
            | Self::Store
            | Self::SharedCache
            | Self::Tasks => Scope::Instance,
            Self::Latency
            | Self::Errors
            | Self::HitRate
            | Self::QueueAge
            | Self::PurgeAge
            | Self::FailedPurges
            | Self::FaultyObjects
            | Self::PoorRenditions
            | Self::BackupAge
            | Self::Burn(..) => Scope::Service,
        }
    }

    /// Fewer requests, or questions to the memory, in its window prove nothing.
    pub const fn least(self) -> f64 {
        match self {
            Self::Latency | Self::Errors => 10.0,
            Self::HitRate => 100.0,
            _ => 0.0,
        }
    }

    /// The unit of its value.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::Errors | Self::HitRate | Self::Memory | Self::DiskFree => Unit::Percent,
            Self::QueueAge | Self::PurgeAge => Unit::Seconds,
            Self::FailedPurges | Self::FaultyObjects | Self::PoorRenditions => Unit::Count,
            Self::BackupAge => Unit::Hours,
            Self::Replica | Self::Database | Self::Store | Self::SharedCache | Self::Tasks => Unit::Truth,
            Self::Burn(..) => Unit::Times,
        }
    }
}

/// What was measured at one moment. A measure may have several subjects, as caches; most have one, whose name is empty or
/// that of the process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    values: BTreeMap<Measure, BTreeMap<String, f64>>,
}

impl Snapshot {
    /// Notes a value. What is no number is not noted.
    pub fn set(&mut self, measure: Measure, subject: &str, value: f64) {
        if value.is_finite() {
            self.values.entry(measure).or_default().insert(subject.to_owned(), value);
        }
    }

    /// The same for what may not have been measured.
    pub fn set_some(&mut self, measure: Measure, subject: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.set(measure, subject, value);
        }
    }

    /// The values of a measure, by subject.
    pub fn of(&self, measure: Measure) -> impl Iterator<Item = (&str, f64)> {
        let values = self.values.get(&measure).into_iter().flatten();
        values.map(|(subject, value)| (subject.as_str(), *value))
    }
}
