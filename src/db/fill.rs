//! SQL that fills an empty database of either engine: for the test that hot queries read through indexes, and for
//! `benches/lookups.rs`, which has this file as a module of its own.

/// Products with twenty configurations each, and a live version of each that needs one object.
///
/// `I` is a number from 1 to `LAST`, `H` its 32 digits, and `K` the id of a key.
const CATALOGUE: &[&str] = &[
    "insert into products (id, label, created_at_ms) select 'ring.p' || I, 'P', I from n where I <= (LAST + 19) / 20",
    "insert into options (product_id, name, label, position, default_choice)
     select 'ring.p' || I, 'metal', 'Metal', 0, 'm1' from n where I <= (LAST + 19) / 20",
    "insert into choices (product_id, \"option\", value, label, position)
     select 'ring.p' || ((I - 1) / 20 + 1), 'metal', 'm' || ((I - 1) % 20 + 1), 'M', I from n",
    "insert into configurations (id, product_id, choices, last_version, created_at_ms)
     select 'ring.p' || ((I - 1) / 20 + 1) || '.metal-m' || ((I - 1) % 20 + 1), 'ring.p' || ((I - 1) / 20 + 1),
     '{\"metal\": \"m1\"}', 1, I from n",
    "insert into versions (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, state)
     select 'ring.p' || ((I - 1) / 20 + 1) || '.metal-m' || ((I - 1) % 20 + 1), 1, 'full', H, H, H, H, I, 'complete' from n",
    "update configurations set live_version = 1",
    "insert into objects (namespace, key) select '', 'p/' || H || '.pack' from n",
    "insert into version_objects (configuration_id, version, object_id)
     select v.configuration_id, 1, o.id from versions v join objects o on o.key = 'p/' || v.digest || '.pack'",
    "insert into popularity (configuration_id, product_id, heat) select id, product_id, created_at_ms from configurations",
];

/// A row or a few for each configuration in the other large tables.
const WORK: &[&str] = &[
    "insert into demand (configuration_id, product_id, choices, asked, last_at_ms)
     select 'ring.p1.metal-x' || I, 'ring.p1', '{}', I, I from n",
    "insert into vitals (at_ms, configuration_id, tier, switches, turned, wanted, bytes, errors)
     select I, 'ring.p1.metal-m1', 'hd', 0, 0, 0, 0, 0 from n",
    "insert into keys (id, role, label, secret_sha256, created_at_ms) select K, 'artist', '', '', I from n",
    "insert into sessions (token_sha256, key_id, expires_at_ms) select H, K, I from n",
    "insert into framesets (id, product_id, choices, settings, state, key_id, created_at_ms, touched_at_ms)
     select H, 'ring.p1', '{}', '{}', 'committed', K, I, I from n",
    "insert into frames (frameset_id, name, bytes, digest) select H, '1.png', 1, H from n",
    "insert into staged_files (frameset_id, digest, bytes) select H, H, 1 from n",
    "insert into uploads (id, frameset_id, name, length, received, metadata, finished, touched_at_ms)
     select H, H, '1.png', 1, 0, '', true, I from n",
    "insert into jobs (id, frameset_id, state, run_at_ms, created_at_ms, changed_at_ms) select H, H, 'ready', I, I, I from n",
    "insert into job_events (job_id, at_ms, kind, data) select H, I, 'log', '{}' from n",
    "insert into removals (at_ms) select I from n",
    "insert into audit (at_ms, actor, action, subject, detail) select I, 'a', 'b', 'c', '{}' from n",
    "insert into purges (subject, what, again, handed_out, at_ms) select 'ring.p1', '{}', true, true, I from n",
    "insert into purge_deliveries (purge_id, target, soft, state, round, next_at_ms, changed_at_ms)
     select id, 'edge', false, 'failed', 1, at_ms, at_ms from purges",
    "insert into performance (minutes, at_ms, instance, route, class, requests, errors, bytes, times)
     select 1, 9000000000000 + I * 60000, 'one', '/', '', 1, 0, 0, '5:1' from n",
    "insert into performance_samples (minutes, at_ms, instance, name, total, samples)
     select 1, 9000000000000 + I * 60000, 'one', 'cpu', 0.5, 1 from n",
    "insert into user_performance (hour_ms, product_id, tier, format, network, device, country, views, errors, turned,
     wanted, bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms)
     select 9000000000000 + I * 60000, 'ring.p1', '', '', '', '', '', 1, 0, 0, 0, '', '', '', '', '', '', '', '' from n",
    "insert into looks (day_ms, product_id, sectors) select 9000000000000 + I * 60000, 'ring.p1', '0' from n",
    "insert into retirements (configuration_id, look_at_ms) select id, 9000000000000 from configurations",
    "insert into retirement_rules (id, keep, keep_ms, looked_at_ms) values (1, 10, 1000, 9000000000000)",
];

/// The statements for a catalogue of so many configurations.
pub(crate) fn catalogue(last: u64) -> impl Iterator<Item = String> {
    CATALOGUE.iter().map(move |sql| write(sql, last, 0))
}

/// The same, and what artists and visitors leave there. Ids of keys have so many digits.
pub(crate) fn everything(last: u64, key_digits: usize) -> impl Iterator<Item = String> {
    CATALOGUE.iter().chain(WORK).map(move |sql| write(sql, last, key_digits))
}

fn write(sql: &str, last: u64, key_digits: usize) -> String {
    let digits = |count: usize| format!("substr('{}' || I, length('' || I) + 1)", "0".repeat(count));
    // A name stands alone, or at the end of a word.
    let words =
        sql.split_inclusive([' ', ',', '(', ')']).map(|word| match word.trim_matches([',', ' ', '(']) {
            "H" => word.replace('H', &digits(32)),
            "K" => word.replace('K', &digits(key_digits)),
            "LAST" => word.replace("LAST", &last.to_string()),
            _ => word.to_owned(),
        });
    let sql: String = words.collect();
    if sql.contains(" from n") {
        format!("with recursive n(I) as (select 1 union all select I + 1 from n where I < {last}) {sql}")
    } else {
        sql
    }
}
