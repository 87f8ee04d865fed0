//! `[vitals]`

use super::setting::{Kind, count_from, section};

section! {
    /// Measurements that viewers send.
    "vitals" VitalsConfig {
        /// Share of the measurements that is stored, from 0 (none) to 1 (all).
        share: f64 = 1.0, Kind::Number { least: 0.0, most: 1.0 };
        /// Days that a measurement is stored.
        keep_days: u32 = 30, count_from(1);
        /// Most measurements that are stored; the oldest are deleted first.
        keep: u32 = 1_000_000, count_from(0);
        /// Most configurations without a spin whose requests are counted; those that were requested least are deleted first.
        keep_demand: u32 = 10_000, count_from(0);
        /// Header in which the CDN in front names the visitor's country, in two letters. It is believed from `server.trusted_proxies` alone, and no country is recorded without it.
        country_header: Option<String> = None, Kind::Text, "\"CF-IPCountry\"";
    }
}
