//! What each source sets, and what is said of what cannot be used.

use std::{num::NonZeroUsize, path::Path};

use super::{schema::Schema, source::Sources, *};
use crate::domain::policy::{DeviceRule, NetworkRule};

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("girasol.toml");
    std::fs::write(&path, toml).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    // The temporary folder is not what the tests are about.
    let without_folder =
        |error: ConfigError| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    Config::load(&flags, variables).map_err(without_folder)
}

#[test]
fn without_any_source_there_are_defaults() {
    let config = Config::load(&Flags::default(), []).unwrap();
    assert_eq!(config.data, Path::new("data"));
    assert_eq!(config.server, ServerConfig::default());
    assert_eq!(config.tier_table(), TierTable::default());
    assert_eq!(config.policy, Policy::default());
}

#[test]
fn later_sources_win() {
    let toml =
        "data = 'a'\n[server]\nlisten = '127.0.0.1:1'\nworkers = 2\n[cache]\nobjects_max_bytes = 1000\n";
    let config = load(
        toml,
        &[
            ("GIRASOL_SERVER__WORKERS", "3"),
            ("GIRASOL_LOG__FORMAT", "json"),
            ("GIRASOL_PORT", "tcp://1.2.3.4:5"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.workers.map(NonZeroUsize::get), Some(3));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!((config.data.as_path(), config.cache.objects_max_bytes), (Path::new("a"), 1000));
    let flags = Flags { data: Some("b".into()), listen: Some("[::1]:0".to_owned()), ..Flags::default() };
    let config =
        Config::load(&flags, [("GIRASOL_SERVER__LISTEN".to_owned(), "127.0.0.1:9".to_owned())]).unwrap();
    assert_eq!((config.data.as_path(), config.server.listen.as_str()), (Path::new("b"), "[::1]:0"));
}

#[test]
fn one_tier_is_set_without_the_others_and_the_policy_follows() {
    let config = load("[tiers.standard]\nframes = 30\n", &[]).unwrap();
    assert_eq!(config.tier_table().tiers[&TierKey::Standard], TierSpec { frames: 30, max_bytes: 150_000 });
    assert_eq!(config.policy.frames[&TierKey::Standard], 30);
    assert_eq!(config.policy.frames[&TierKey::Hd], 60);
}

#[test]
fn a_policy_is_read_from_a_file() {
    let toml = "[policy]\nunasked = 'preview'\n[[policy.network]]\nname = 'any'\nceiling = 'hd'\n";
    let policy = load(toml, &[]).unwrap().policy;
    assert_eq!((policy.unasked, policy.network.len()), (TierKey::Preview, 1));
    assert_eq!(policy.device, Policy::default().device);
}

#[test]
fn what_is_wrong_is_named() {
    let error = |toml: &str, variables: &[(&str, &str)]| load(toml, variables).unwrap_err();
    expect_test::expect![[r#"
        girasol.toml:2: server.workrs is not a setting; did you mean workers?
        girasol.toml:2: server.workers must be a whole number from 1 to 512, not "two"
        girasol.toml:2: server.workers must be a whole number from 1 to 512, not 0
        girasol.toml:1: srv is not a setting; known are alerts, cache, data, database, delivery, encode, formats, jobs, launches, limits, log, loupe, objectives, policy, polish, purge, server, sizes, store, tiers, traces, uploads, versions, vitals
        girasol.toml:1: server is a section: write [server]
        girasol.toml:1: unclosed table, expected `]`
        girasol.toml:2: server.listen must be an address and a port, as 127.0.0.1:8360
        girasol.toml:2: server.trusted_proxies[1] must be a network or an address, as 10.0.0.0/8 or 2001:db8::7, not "cdn"
        girasol.toml:1: tiers.ultra is not a setting; known are hd, preview, standard-24, standard, still
        girasol.toml:2: tiers.still.frames must be 1, not 3
        girasol.toml:1: formats[0] must be "avif" or "webp", not "jpeg"
        girasol.toml:1: policy.frames is not a setting; did you mean tiers.hd.frames?
        girasol.toml:3: policy.network[0].rtt_ms is not a setting; known are name, ect_to, rtt_ms_from, downlink_mbps_under, save_data, ceiling
        girasol.toml:1: policy.network must end with a rule without evidence
        GIRASOL_SERVER__WORKRS is not a setting; did you mean GIRASOL_SERVER__WORKERS?
        GIRASOL_SERVER__WORKERS: server.workers must be a whole number from 1 to 512, not "many"
        GIRASOL_LOG__FORMAT: log.format must be "text" or "json", not "xml"
        girasol.toml:2: encode.engine must be "libaom" or "rav1e", not "svt"
        GIRASOL_LOG__LEVEL: log.level must be error, warn, info, debug, trace or off, or directives, as girasol=debug,warn
        girasol.toml:2: log.level must be error, warn, info, debug, trace or off, or directives, as girasol=debug,warn
        girasol.toml:2: vitals.share must be a number from 0 to 1, not 1.5"#]].assert_eq(
        &[
            error("[server]\nworkrs = 2", &[]),
            error("[server]\nworkers = 'two'", &[]),
            error("[server]\nworkers = 0", &[]),
            error("[srv]\nworkers = 2", &[]),
            error("server = 3", &[]),
            error("[server\n", &[]),
            error("[server]\nlisten = 'localhost'", &[]),
            error("[server]\ntrusted_proxies = ['10.0.0.0/8', 'cdn']", &[]),
            error("[tiers.ultra]\nframes = 3\n", &[]),
            error("[tiers.still]\nframes = 3\n", &[]),
            error("formats = ['jpeg']", &[]),
            error("[policy.frames]\nhd = 3\n", &[]),
            error("[[policy.network]]\nname = 'any'\nrtt_ms = 3\nceiling = 'hd'\n", &[]),
            error("[[policy.network]]\nname = 'slow'\nrtt_ms_from = 3\nceiling = 'hd'\n", &[]),
            error("", &[("GIRASOL_SERVER__WORKRS", "2")]),
            error("", &[("GIRASOL_SERVER__WORKERS", "many")]),
            error("", &[("GIRASOL_LOG__FORMAT", "xml")]),
            error("[encode]\nengine = 'svt'", &[]),
            error("", &[("GIRASOL_LOG__LEVEL", "===")]),
            error("[log]\nlevel = ''", &[]),
            error("[vitals]\nshare = 1.5", &[]),
        ]
        .join("\n"),
    );
}

#[test]
fn what_is_wrong_with_the_store_is_named() {
    let error = |lines: &str| load(&format!("[store]\n{lines}"), &[]).unwrap_err();
    let of_s3 = |line: &str| error(&format!("kind = 's3'\nbucket = 'spins'\n{line}"));
    expect_test::expect![[r#"
        girasol.toml:2: store.kind must be "folder" or "s3", not "ftp"
        girasol.toml:2: store.bucket is for store.kind = "s3"
        girasol.toml:1: store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
        girasol.toml:3: store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
        girasol.toml:3: store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
        girasol.toml:2: store.secret_key is not a setting; known are attempt_timeout_ms, attempts, bucket, checksums, connect_timeout_ms, disk_cache_max_bytes, endpoint, hedge_ms, kind, path_style, prefix, read_endpoints, region, scrub_days, upload_prefix, upload_role
        girasol.toml:4: store.prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
        girasol.toml:4: store.prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
        girasol.toml:4: store.region must be the name of a region, as eu-central-1
        girasol.toml:4: store.endpoint must be an address without credentials, as https://s3.example
        girasol.toml:4: store.endpoint must be an address without credentials, as https://s3.example
        girasol.toml:4: store.checksums must be "when-required" or "when-supported", not "always"
        girasol.toml:4: store.connect_timeout_ms must be a whole number from 1 to 60000, not 0
        girasol.toml:4: store.attempt_timeout_ms must be a whole number from 1 to 600000, not 600001
        girasol.toml:4: store.attempts must be a whole number from 1 to 10, not 0
        girasol.toml:4: store.upload_prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
        girasol.toml:4: store.upload_prefix must lie apart from the objects
        girasol.toml:5: store.upload_prefix must lie apart from the objects
        girasol.toml:4: store.upload_role must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = "s3"
        girasol.toml:2: store.upload_role must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = "s3""#]].assert_eq(
        &[
            error("kind = 'ftp'"),
            error("bucket = 'spins'"),
            error("kind = 's3'"),
            error("kind = 's3'\nbucket = 'S'"),
            error("kind = 's3'\nbucket = 'spins-'"),
            error("secret_key = 'x'"),
            of_s3("prefix = '/spins'"),
            of_s3("prefix = 'a/../b'"),
            of_s3("region = ''"),
            of_s3("endpoint = 's3.example'"),
            of_s3("endpoint = 'https://key:secret@s3.example'"),
            of_s3("checksums = 'always'"),
            of_s3("connect_timeout_ms = 0"),
            of_s3("attempt_timeout_ms = 600001"),
            of_s3("attempts = 0"),
            of_s3("upload_prefix = ''"),
            of_s3("upload_prefix = 's/frames'"),
            of_s3("prefix = 'live'\nupload_prefix = 'live/p'"),
            of_s3("upload_role = 'frames'"),
            error("upload_role = 'arn:aws:iam::123456789012:role/frames'"),
        ]
        .join("\n"),
    );
    let good = load(
        "[store]\nkind = 's3'\nprefix = 'live/spins/'\nendpoint = 'http://[::1]:9000'\nchecksums = 'when-required'\n",
        &[("GIRASOL_STORE__BUCKET", "spins"), ("GIRASOL_STORE__DISK_CACHE_MAX_BYTES", "0")],
    );
    let store = good.unwrap().store;
    assert_eq!((store.bucket.as_str(), store.disk_cache_max_bytes), ("spins", 0));
}

#[test]
fn what_is_wrong_with_a_cache_is_named() {
    let error = |lines: &str| load(&format!("[[purge.targets]]\n{lines}"), &[]).unwrap_err();
    let named = |lines: &str| error(&format!("name = 'edge'\n{lines}"));
    expect_test::expect![[r#"
        girasol.toml:1: purge.targets[0] needs kind: "varnish", "nginx", "fastly", "cloudflare", "cloudfront", "akamai" or "webhook"
        girasol.toml:3: purge.targets[0].kind must be "varnish", "nginx", "fastly", "cloudflare", "cloudfront", "akamai" or "webhook", not "squid"
        girasol.toml:4: purge.targets[0].token is not a setting; known are name, kind, endpoints, service_id, zone_id, distribution_id, tags, network, section, api, token_env, token_file
        girasol.toml:1: purge.targets[0] "my edge": name must be letters, digits, dots, hyphens and underscores, at most 64
        girasol.toml:1: purge.targets[0] "edge": varnish needs endpoints
        girasol.toml:1: purge.targets[0] "edge": an address must be as https://cdn.example, without credentials
        girasol.toml:1: purge.targets[0] "edge": an address must be as https://cdn.example, without credentials
        girasol.toml:1: purge.targets[0] "edge": zone_id is not for varnish
        girasol.toml:1: purge.targets[0] "edge": an address must be as https://cdn.example, without credentials
        girasol.toml:1: purge.targets[0] "edge": fastly needs token_env or token_file
        girasol.toml:1: purge.targets[0] "edge": cloudflare needs zone_id
        girasol.toml:1: purge.targets[0] "edge": an id must be letters, digits, dots, hyphens and underscores, at most 64
        girasol.toml:1: purge.targets[0] "edge": token_env or token_file is not for cloudfront
        girasol.toml:5: purge.targets[0].network must be "production" or "staging", not "test"
        girasol.toml:1: purge.targets[0] "edge": give token_env or token_file, not both
        girasol.toml:1: purge.targets[0] "edge": a webhook has one endpoint
        girasol.toml:5: purge.targets[1] "edge": another target has this name
        girasol.toml:2: purge.publish must be "hard" or "soft", not "gentle""#]].assert_eq(
        &[
            named(""),
            named("kind = 'squid'"),
            named("kind = 'fastly'\ntoken = 'secret'"),
            error("name = 'my edge'\nkind = 'varnish'"),
            named("kind = 'varnish'"),
            named("kind = 'varnish'\nendpoints = ['edge:80']"),
            named("kind = 'varnish'\nendpoints = ['http://me:secret@edge']"),
            named("kind = 'varnish'\nendpoints = ['http://edge']\nzone_id = '1'"),
            named("kind = 'nginx'\nendpoints = ['http://edge/?purge']"),
            named("kind = 'fastly'\nservice_id = 'S1'"),
            named("kind = 'cloudflare'\ntoken_env = 'TOKEN'"),
            named("kind = 'cloudflare'\nzone_id = 'a/b'\ntoken_env = 'TOKEN'"),
            named("kind = 'cloudfront'\ndistribution_id = 'E1'\ntoken_env = 'TOKEN'"),
            named("kind = 'akamai'\ntoken_file = '.edgerc'\nnetwork = 'test'"),
            named("kind = 'akamai'\ntoken_file = '.edgerc'\ntoken_env = 'EDGERC'"),
            named("kind = 'webhook'\nendpoints = ['http://a', 'http://b']"),
            named("kind = 'webhook'\nendpoints = ['http://a']\n[[purge.targets]]\nname = 'edge'\nkind = 'webhook'"),
            load("[purge]\npublish = 'gentle'", &[]).unwrap_err(),
        ]
        .join("\n"),
    );
    let good = "[purge]\npublish = 'soft'\n[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\n\
                endpoints = ['http://10.0.0.7', 'http://[::1]:6081']\n[[purge.targets]]\nname = 'world'\n\
                kind = 'cloudfront'\ndistribution_id = 'E1'\ntags = true\n";
    assert_eq!(load(good, &[]).unwrap().purge.targets.len(), 2);
}

#[test]
fn what_is_wrong_with_delivery_is_named() {
    let error = |lines: &str| load(&format!("[delivery]\n{lines}"), &[]).unwrap_err();
    expect_test::expect![[r#"
        girasol.toml:2: delivery.objects must be "serve", "redirect" or "presign", not "cdn"
        girasol.toml:1: delivery.objects_base goes with delivery.objects = "redirect", which needs it
        girasol.toml:2: delivery.objects_base goes with delivery.objects = "redirect", which needs it
        girasol.toml:3: delivery.objects_base must be an address of letters, digits and - . _ : / alone, as https://cdn.example/spins/
        girasol.toml:2: delivery.objects can be "presign" where store.kind is "s3"
        girasol.toml:2: delivery.presigned_minutes must be a whole number from 1 to 1440, not 0"#]]
    .assert_eq(
        &[
            error("objects = 'cdn'"),
            error("objects = 'redirect'"),
            error("objects_base = 'https://cdn.example/'"),
            error("objects = 'redirect'\nobjects_base = 'https://cdn.example/{set}'"),
            error("objects = 'presign'"),
            error("presigned_minutes = 0"),
        ]
        .join("\n"),
    );
}

#[test]
fn a_file_that_was_named_must_exist() {
    let flags = Flags { config: Some("/nowhere/girasol.toml".into()), ..Flags::default() };
    assert!(Config::load(&flags, []).is_err());
}

#[test]
fn flags_and_commands_decide_the_log_level() {
    let level = |is_quiet, log: Option<&str>| {
        let flags = Flags { is_quiet, log: log.map(str::to_owned), ..Flags::default() };
        Config::load(&flags, []).unwrap().log.level
    };
    assert_eq!(
        [level(false, None), level(true, None), level(true, Some("debug"))],
        ["info", "warn", "debug"]
    );
    let flags = Flags { is_quiet: true, ..Flags::default() };
    let variable = ("GIRASOL_LOG__LEVEL".to_owned(), "error".to_owned());
    assert_eq!(Config::load(&flags, [variable]).unwrap().log.level, "error");
    // The last two would be modules, at a level that logs nothing of the server.
    for level in ["===", "verbose", "girasol=debug,loud"] {
        let flags = Flags { log: Some(level.to_owned()), ..Flags::default() };
        assert_eq!(
            Config::load(&flags, []).unwrap_err().to_string(),
            "--log: log.level must be error, warn, info, debug, trace or off, or directives, as girasol=debug,warn"
        );
    }
}

#[test]
fn lists_are_set_by_variables_in_toml() {
    let config = load(
        "",
        &[
            ("GIRASOL_FORMATS", "['webp']"),
            ("GIRASOL_TIERS__STANDARD_24__FRAMES", "18"),
            ("GIRASOL_PURGE__TARGETS", "[{ name = 'edge', kind = 'varnish', endpoints = ['http://edge'] }]"),
        ],
    )
    .unwrap();
    assert_eq!(config.tier_table().formats, [Format::Webp]);
    assert_eq!(config.tier_table().tiers[&TierKey::Standard24].frames, 18);
    assert_eq!(config.purge.targets[0].name, "edge");
}

#[test]
fn variables_with_the_prefix_mean_something_or_are_named() {
    let harmless = [
        "GIRASOL_DATA",
        "GIRASOL_LISTEN",
        "GIRASOL_URL",
        "GIRASOL_PORT",
        "GIRASOL_SERVICE_HOST",
        "GIRASOL_SERVICE_PORT_HTTP",
        "GIRASOL_PORT_8360_TCP_ADDR",
        "GIRASOL_STUDIO_PORT_80_TCP",
    ];
    load("", &harmless.map(|name| (name, "x"))).unwrap();
    let target = "[[purge.targets]]\nname = 'edge'\nkind = 'webhook'\nendpoints = ['http://edge']\n\
                  token_env = 'GIRASOL_EDGE_TOKEN'\n";
    load(target, &[("GIRASOL_EDGE_TOKEN", "secret")]).unwrap();
    let error = |name: &str| load("", &[(name, "1")]).unwrap_err();
    expect_test::expect![[r#"
        GIRASOL_EDGE_TOKEN is not a setting
        GIRASOL_LISTN is not a setting; did you mean GIRASOL_LISTEN?
        GIRASOL_SERVER_WORKERS is not a setting; did you mean GIRASOL_SERVER__WORKERS?
        GIRASOL_SERVER__WORKRS is not a setting; did you mean GIRASOL_SERVER__WORKERS?"#]]
    .assert_eq(
        &[
            error("GIRASOL_EDGE_TOKEN"),
            error("GIRASOL_LISTN"),
            error("GIRASOL_SERVER_WORKERS"),
            error("GIRASOL_SERVER__WORKRS"),
        ]
        .join("\n"),
    );
}

#[test]
fn every_problem_of_a_file_is_named_at_once_with_its_line() {
    let toml = "[server]\nworkers = 'two'\nlease_seconds = 3\n\n[jbos]\nin_server = true\n\n[policy]\nunasked = 'stills'\n\
                \n[[policy.network]]\nname = 'any'\nmood = 1\n";
    expect_test::expect![[r#"
        girasol.toml:2: server.workers must be a whole number from 1 to 512, not "two"
        girasol.toml:3: server.lease_seconds is not a setting; did you mean jobs.lease_seconds?
        girasol.toml:5: jbos is not a setting; did you mean jobs?
        girasol.toml:9: policy.unasked must be "still", "preview", "standard-24", "standard" or "hd", not "stills"; did you mean "still"?
        girasol.toml:11: policy.network[0] needs ceiling: "still", "preview", "standard-24", "standard" or "hd"
        girasol.toml:13: policy.network[0].mood is not a setting; known are name, ect_to, rtt_ms_from, downlink_mbps_under, save_data, ceiling"#]].assert_eq(&load(toml, &[]).unwrap_err());
}

/// The example file with all defaults in force: each line `#key = default` without its `#`.
fn uncommented(example: &str) -> String {
    let mut has_default = true;
    let mut toml = String::new();
    for line in example.lines() {
        has_default = if line.starts_with("# ") {
            !line.ends_with("(no default).") && !line.ends_with("(no default):")
        } else {
            has_default
        };
        match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') && has_default => {
                toml.push_str(setting);
            }
            Some(_) => {}
            None => toml.push_str(line),
        }
        toml.push('\n');
    }
    toml
}

#[test]
#[cfg(feature = "libaom")]
fn the_example_file_shows_every_setting_with_its_default() {
    let example = example_file(&sections());
    expect_test::expect_file!["../../girasol.example.toml"].assert_eq(&example);
    let defaults = Config::load(&Flags::default(), []).unwrap();
    assert_eq!(load(&example, &[]).unwrap(), defaults);
    let all = uncommented(&example);
    assert_eq!(load(&all, &[]).unwrap(), defaults);
    let written: Table = all.parse().unwrap();
    for section in sections() {
        for setting in section.settings.iter().filter(|setting| setting.default.is_some()) {
            let key = setting.key(&section.name);
            let value =
                key.split('.').try_fold(&Value::Table(written.clone()), |at, part| at.get(part)).cloned();
            assert_eq!(value, setting.default, "{key}");
        }
    }
}

#[test]
fn every_example_is_of_its_settings_kind() {
    let check = |schema: &Schema, key: &str, example: &str| {
        let mut sources = Sources::default();
        let value = format!("value = {example}").parse::<Table>().unwrap().remove("value").unwrap();
        sources.set(key, value, Origin::Flag("example"));
        assert_eq!(schema.problems(&sources.values), [], "{key}");
    };
    let schema = Schema::of(&sections());
    for section in sections() {
        for setting in &section.settings {
            if let Some(example) = setting.example {
                check(&schema, &setting.key(&section.name), example);
            }
            if let Kind::Tables(entries) = &setting.kind {
                let fields =
                    entries.iter().map(|entry| format!("{} = {}", entry.name, entry.example.unwrap()));
                let table = format!("[{{ {} }}]", fields.collect::<Vec<_>>().join(", "));
                check(&schema, &setting.key(&section.name), &table);
            }
        }
    }
}

/// The lists of `purge.targets` and of the policy stand apart from the structs that they fill.
#[test]
fn no_field_of_a_list_is_left_out_of_its_settings() {
    let names = |section: &str, setting: &str| {
        let sections = sections();
        let section = sections.iter().find(|one| one.name == section).unwrap();
        let setting = section.settings.iter().find(|one| one.name == setting).unwrap();
        let Kind::Tables(entries) = &setting.kind else { panic!("no list") };
        let table = entries.iter().map(|entry| format!("{} = {}\n", entry.name, entry.example.unwrap()));
        let table = table.collect::<String>();
        let mut names: Vec<_> = entries.iter().map(|entry| entry.name.to_owned()).collect();
        names.sort_unstable();
        (table, names)
    };
    let fields = |value: Table| value.keys().cloned().collect::<Vec<_>>();
    let (toml, of_targets) = names("purge", "targets");
    assert_eq!(fields(table_of(&toml::from_str::<Target>(&toml).unwrap())), of_targets);
    let (toml, of_network) = names("policy", "network");
    assert_eq!(fields(table_of(&toml::from_str::<NetworkRule>(&toml).unwrap())), of_network);
    let (toml, of_device) = names("policy", "device");
    assert_eq!(fields(table_of(&toml::from_str::<DeviceRule>(&toml).unwrap())), of_device);
}

#[test]
fn an_embedded_database_has_no_replica() {
    let said = load("[database]\nreplica_url = 'postgres://db.example/girasol'\n", &[]).unwrap_err();
    assert!(said.contains("database.replica_url") && said.contains("girasol.db"), "{said}");
    load("[database]\nurl = 'postgres://a.example/g'\nreplica_url = 'postgres://b.example/g'\n", &[])
        .unwrap();
}

#[test]
fn an_address_of_a_database_shows_no_part_of_a_password() {
    let refused = |url: &str| load("", &[("GIRASOL_DATABASE__URL", url)]).err();
    for url in [
        "postgres://girasol@db.example/girasol",
        "postgres://girasol:s%40cret@db.example:5432/girasol?sslmode=verify-full&sslrootcert=/ca.pem",
        "postgresql://girasol@%2Frun%2Fpostgresql/girasol",
        "postgres://[::1]/girasol?options[search_path]=shop",
    ] {
        assert_eq!(refused(url), None, "{url}");
    }
    for url in [
        "postgres://girasol:S@Se/CrEt@localhost:5432/girasol",
        "postgres://girasol:12/CrEt@localhost/girasol",
        "postgres://girasol:12?CrEt=x@localhost/girasol",
        "postgres://girasol:a#CrEt@localhost/girasol",
        "postgres://girasol:a@CrEt@localhost/girasol",
        "postgres://localhost/girasol?passwrd=CrEt",
        "postgres://localhost:CrEt/girasol",
        "mysql://girasol:CrEt@localhost/girasol",
    ] {
        let said = refused(url).unwrap();
        assert!(said.contains("database.url") && !said.contains("CrEt"), "{said}");
    }
}
