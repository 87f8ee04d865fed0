-- What visitors' browsers measured, by the hour and by what they had. Empty words are unknown.
create table user_performance (
    hour_ms    integer not null,              -- when the hour began
    product_id text not null,
    tier       text not null,
    format     text not null,
    network    text not null,                 -- a rule of the policy
    device     text not null,                 -- a rule of the policy
    country    text not null,                 -- as a CDN says
    views      integer not null,
    errors     integer not null,              -- failures that visitors were shown
    turned     integer not null,              -- frames painted while a piece turned
    wanted     integer not null,              -- of them, those at the wanted angle
    bytes_sent text not null,                 -- buckets and counts, as are the next
    frame_ms   text not null,                 -- until the first frame was painted
    spin_ms    text not null,                 -- until the first tier could be turned
    full_ms    text not null,                 -- until the last tier was whole
    switch_ms  text not null,                 -- from a choice to its paint
    lcp_ms     text not null,                 -- of the page
    cls        text not null,                 -- of the page, in thousandths
    inp_ms     text not null,                 -- of the page
    primary key (hour_ms, product_id, tier, format, network, device, country)
) strict, without rowid;

-- How long visitors looked at each sector of 10 degrees, in milliseconds, by the day.
create table looks (
    day_ms     integer not null,
    product_id text not null,
    sectors    text not null,
    primary key (day_ms, product_id)
) strict, without rowid;
