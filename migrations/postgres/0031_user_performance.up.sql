-- What visitors' browsers measured, by the hour and by what they had. Empty words are unknown.
create table user_performance (
    hour_ms    bigint not null,  -- when the hour began
    product_id text collate "C" not null,
    tier       text collate "C" not null,
    format     text collate "C" not null,
    network    text collate "C" not null,  -- a rule of the policy
    device     text collate "C" not null,  -- a rule of the policy
    country    text collate "C" not null,  -- as a CDN says
    views      bigint not null,
    errors     bigint not null,  -- failures that visitors were shown
    turned     bigint not null,  -- frames painted while a piece turned
    wanted     bigint not null,  -- of them, those at the wanted angle
    bytes_sent text collate "C" not null,  -- buckets and counts, as are the next
    frame_ms   text collate "C" not null,  -- until the first frame was painted
    spin_ms    text collate "C" not null,  -- until the first tier could be turned
    full_ms    text collate "C" not null,  -- until the last tier was whole
    switch_ms  text collate "C" not null,  -- from a choice to its paint
    lcp_ms     text collate "C" not null,  -- of the page
    cls        text collate "C" not null,  -- of the page, in thousandths
    inp_ms     text collate "C" not null,  -- of the page
    primary key (hour_ms, product_id, tier, format, network, device, country)
);

-- How long visitors looked at each sector of 10 degrees, in milliseconds, by the day.
create table looks (
    day_ms     bigint not null,
    product_id text collate "C" not null,
    sectors    text collate "C" not null,
    primary key (day_ms, product_id)
);
