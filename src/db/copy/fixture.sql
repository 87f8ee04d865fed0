-- Rows in every table, as SQLite has them: several pages of some, with null and not, letters of every length in UTF-8, JSON in
-- every spelling, numbers at their bounds, and a circle between configurations and versions.
insert into identity (name) values ('0123456789abcdef0123456789abcdef');
insert into products (id, label, revision, created_at_ms, hotspots, listed) values
    ('ring.solitaire', 'Solitaire ''é'' 💍', 3, 1700000000000, '[ {"b": 1e2, "a": [0.1, null, "\n"], "aa": -0.0} ]', 1),
    ('Ring.B', '', 1, 0, '[]', 0), ('ring-a', 'sorts by bytes', 1, -1, '{}', 0);
insert into options (product_id, name, label, position, default_choice, added_later) values
    ('ring.solitaire', 'metal', 'Metal', 0, 'platinum', 0), ('ring.solitaire', 'stone', 'Stone', 1, 'diamond', 1);
insert into choices (product_id, option, value, label, swatch, position, listed) values
    ('ring.solitaire', 'metal', 'platinum', 'Platinum', '#e5e4e2', 0, 1),
    ('ring.solitaire', 'stone', 'diamond', 'Diamond', null, 0, 0);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 230)
insert into configurations (id, product_id, choices, last_version, created_at_ms, taken_down_at_ms, namespace)
select 'ring.solitaire.metal-' || i, 'ring.solitaire', '{"stone": "diamond", "metal": "m' || i || '"}', 2, i,
    case i % 3 when 0 then i end, case i % 5 when 0 then printf('%032x', i) end from n;
insert into versions (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, published_at_ms, remove_at_ms,
    frames, namespace, state)
select c.id, v.version, case v.version when 1 then 'early' else 'full' end, c.id || '/' || v.version, 'jpeg', 'source', 'settings',
    9223372036854775807 - c.created_at_ms, case v.version when 2 then 7 end, case v.version when 1 then 8 end,
    case v.version when 2 then '{"bytes":[1,2],"quality":[66.50000000000001,1e-7,10000000000000000,1E16]}' end, c.namespace,
    case v.version when 1 then 'pending' else 'complete' end
from configurations c, (select 1 as version union all select 2) v;
update configurations set live_version = 2 where created_at_ms % 2 = 0;
insert into ingests (configuration_id, stage, done, total, heartbeat_at_ms) values ('ring.solitaire.metal-1', 'encode', 1, 2, 3);
insert into demand (configuration_id, product_id, choices, asked, last_at_ms) values
    ('ring.solitaire.metal-x', 'ring.solitaire', '{"metal":"x"}', 4, 5);
insert into keys (id, role, label, secret_sha256, created_at_ms, last_used_at_ms, revoked_at_ms) values
    ('k1', 'artist', 'a', 'hash', 1, 2, null), ('k2', 'metrics', 'm', 'hash', 1, null, 3);
insert into sessions (token_sha256, key_id, expires_at_ms) values ('token', 'k1', 9);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 310)
insert into audit (at_ms, actor, address, action, subject, detail)
select i, 'k1', case i % 2 when 0 then '::1' end, 'key.create', 's' || i, '{"nested": {"z": [true, false], "a": "ü"}}' from n;
delete from audit where id > 305 or id = 17;
insert into framesets (id, product_id, choices, settings, expected, state, key_id, created_at_ms, touched_at_ms, protected, in_bucket)
    values ('f1', 'ring.solitaire', '{}', '{"effort":"fast"}', 36, 'committed', 'k1', 1, 2, 1, 0),
    ('f2', 'ring.other', '{}', '{}', null, 'open', 'k1', 1, 2, 0, 1);
insert into frames (frameset_id, name, bytes, digest) values ('f1', '0001.png', 4096, 'd1'), ('f1', 'é.png', 1, 'd2');
insert into staged_files (frameset_id, digest, bytes) values ('f1', 'd1', 4096), ('f1', 'd2', 1);
insert into uploads (id, frameset_id, name, length, received, metadata, finished, touched_at_ms, if_match, if_none_match) values
    ('u1', 'f2', '0001.png', 10, 3, 'filename MDAwMS5wbmc=', 0, 5, '"d1"', null), ('u2', 'f2', '2.png', 1, 1, '', 1, 5, null, '*');
insert into upload_parts (upload_id, fence, first_byte, bytes, digest) values ('u1', 1, 0, 2, 'd'), ('u1', 2, 2, 1, 'd');
insert into frameset_checks (frameset_id, revision, done, total, touched_at_ms) values ('f2', 'r', 1, 2, 3);
insert into jobs (id, frameset_id, state, priority, attempts, run_at_ms, lease, lease_until_ms, stage, done, total, configuration_id,
    version, failure, created_at_ms, changed_at_ms, left_ms, source, rest_since_ms, preview_version, trace) values
    ('j1', 'f1', 'failed', -5, 2, 3, 'lease', 4, 'encode', 1, 2, 'ring.solitaire.metal-1', 1, '{"slug": "x", "file": null}', 5, 6, 7,
     'source', 8, 1, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
insert into job_turns (whose, turn) values ('key:k1', 4), ('product:ring.solitaire', 5);
insert into job_events (id, job_id, at_ms, kind, data) values (500, 'j1', 1, 'log', '{"text":"a"}');
delete from job_events;
insert into job_events (job_id, at_ms, kind, data) values ('j1', 2, 'log', '{"text":"b"}');
insert into removals (at_ms) values (1), (2);
delete from removals where at_ms = 2;
insert into secrets (name, value, created_at_ms) values ('signing.a', 'ff00', 1);
insert into purges (subject, what, soft, again, handed_out, at_ms, trace) values
    ('ring.solitaire.metal-1', '{"tags":["a"]}', null, 1, 0, 1, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
    ('by hand', '{}', 0, 0, 1, 2, null), ('x', '{}', 1, 0, 1, 2, null);
insert into purge_deliveries (purge_id, target, soft, state, next_at_ms, lease, error, changed_at_ms, alone) values
    (1, 'edge', 1, 'failed', 3, null, 'refused', 4, 1), (2, 'edge', 0, 'pending', 3, 'l', null, 4, 0);
insert into purge_pauses (target, until_ms) values ('edge', 12);
insert into popularity (configuration_id, product_id, heat)
select id, product_id, created_at_ms / 7.0 from configurations where created_at_ms < 120;
insert into vitals (id, at_ms, configuration_id, tier, frame_ms, spin_ms, full_ms, switches, switch_ms, turned, wanted, bytes, errors)
    values (7, 1, 'ring.solitaire.metal-1', 'hd', null, 2, 3, 4, null, 5, 6, 7, 8);
insert into objects (id, namespace, key, state, remove_at_ms, lease, lease_until_ms) values
    (3, '', 'p/a.pack', 'stored', null, null, null), (9, 'ff', 'p/a.pack', 'deleting', 1, 'l', 2);
insert into object_faults (object_id, fault, seen_at_ms) values (3, 'damaged', 7);
insert into version_objects (configuration_id, version, object_id) values
    ('ring.solitaire.metal-2', 2, 3), ('ring.solitaire.metal-10', 2, 9);
insert into removed_configurations (configuration_id, last_version) values ('ring.gone', 12);
insert into retirements (configuration_id, look_at_ms) values ('ring.solitaire.metal-3', 5);
insert into retirement_rules (id, keep, keep_ms, looked_at_ms) values (1, 10, 7776000000, 6);
insert into performance (minutes, at_ms, instance, route, class, requests, errors, bytes, hits, misses, times) values
    (1, 60000, '0a1b2c3d', '/s/{set}/{file}', 'avif', 3, 1, 4096, 2, 1, '17:2,40:1'), (60, 0, '', '/', '', 1, 0, 0, 0, 0, '5:1');
insert into performance_samples (minutes, at_ms, instance, name, total, samples) values (1, 60000, '0a1b2c3d', 'cpu', 0.25, 2);
insert into performance_plans (name, at_ms, took_ms, plan) values ('jobs.list', 5, 120.5, 'SCAN jobs
Ü');
insert into user_performance (hour_ms, product_id, tier, format, network, device, country, views, errors, turned, wanted, bytes_sent,
    frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms) values
    (3600000, 'ring.solitaire', 'standard', 'avif', '4g or unknown', 'high-end', 'DE', 2, 0, 9, 8, '190:2', '5:1', '', '', '', '', '', '');
insert into looks (day_ms, product_id, sectors) values (86400000, 'ring.solitaire', '0,1,2');
insert into launches (id, name, from_ms, until_ms, products, edges) values
    (3, 'Frühling', 1000, 2000, '["ring.solitaire"]', '["https://cdn.shop.example"]'), (7, 'autumn', 5, 6, '[]', '[]');
insert into launch_reports (id, name, from_ms, until_ms, made_ms, figures) values
    (2, 'Frühling', 1000, 2000, 2500, '{"during": {"views": 3}, "alerts": [{"at_ms": 1500, "rule": "purge-old", "subject": "edge"}]}'), (4, 'Frühling', 5, 6, 7, '{}');
insert into alerts (rule, subject, instance, since_ms, fired_at_ms, seen_ms, value, notified_at_ms, escalated) values
    ('purge-old', 'edge', '', 1, null, 2, 61.5, null, 0), ('disk-low', '', 'one:8360', 1, 2, 3, 0.1, 4, 1);
insert into alert_history (at_ms, kind, rule, subject, since_ms, value) values (1, 'firing', 'disk-low', '', 1, 9.5);
insert into alert_silences (rule, subject, until_ms, reason, actor) values ('purge-old', 'edge', 9, 'known', 'command line');
insert into alert_messages (channel, what, next_at_ms, lease, lease_until_ms, created_at_ms) values
    ('chat', '{"rule":"disk-low"}', 3, null, null, 1), ('mail', '{}', 3, 'l', 4, 1);
insert into alert_lease (id, holder, until_ms) values (1, 'one:8360', 5);
insert into last_backup (id, at_ms) values (1, 7);
update versions set variant_of = 1 where configuration_id = 'ring.solitaire.metal-4' and version = 2;
insert into polishes (configuration_id, version, published_at_ms, frameset_id, source, settings, state, attempts, run_at_ms, lease,
    lease_until_ms, made_version, gains, cpu_ms, created_at_ms, changed_at_ms) values
    ('ring.solitaire.metal-4', 1, 7, 'f1', 'source', 'max', 'better', 1, 2, null, null, 2,
     '[{"tier":"hd","format":"avif","before":78.5,"after":79.6}]', 60000, 3, 4),
    ('ring.solitaire.metal-6', 2, 7, 'f1', 'source', 'max', 'running', 1, 2, 'l', 5, null, null, 0, 3, 4);
insert into polish_cpu (at_ms, cpu_ms) values (600000, 60000), (1200000, 1);
insert into loupes (configuration_id, version, frameset_id, state, asked_at_ms, attempts, run_at_ms, lease, lease_until_ms, loupe, bytes,
    cpu_ms, created_at_ms, changed_at_ms) values
    ('ring.solitaire.metal-4', 2, 'f1', 'ready', null, 1, 2, null, null,
     '{"size":[2400,1800],"degrees":[0],"formats":{"avif":{"set":"0123456789abcdef0123456789abcdef","bytes":[9]}}}', 9, 70, 3, 4),
    ('ring.solitaire.metal-6', 2, 'f1', 'running', 5, 1, 2, 'l', 6, null, 0, 0, 3, 4);
insert into loupe_cpu (at_ms, cpu_ms) values (600000, 70000);
