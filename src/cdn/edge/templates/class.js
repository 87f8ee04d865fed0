// The policy that `girasol edge` was given.
var POLICY = @policy@;
// Whether spins are published as AVIF too.
var AVIF = @avif@;

// The one spelling of paths and queries that is kept: all others pass as they came, and the origin lets none be stored.
var PLAIN_PATH = new RegExp('^@path@$');
var PLAIN_QUERY = new RegExp('^(?:@query@)?$');

var TIERS = ['still', 'preview', 'standard-24', 'standard', 'hd'];
var ECTS = ['slow-2g', '2g', '3g', '4g'];

// Which class a visitor is given, as it is asked for. line(name) gives a header's value, the values of one that stands
// several times with commas between them, and undefined where there is none.
function girasolClass(line) {
  function value(name) {
    var text = line(name);
    return text === undefined || text === null ? '' : text.trim();
  }
  // The newer spelling, unless it says nothing that can be used.
  function first(name, read) {
    var newer = read(value('sec-ch-' + name));
    return newer === undefined ? read(value(name)) : newer;
  }
  function decimal(text, from, to) {
    var number = Number(text);
    var plain = text.length <= 16 && /^[0-9]+([.][0-9]+)?$/.test(text);
    return plain && number >= from && number <= to ? number : undefined;
  }
  function within(from, to) {
    return function (text) {
      return decimal(text, from, to);
    };
  }
  function isOn(name) {
    return value(name).toLowerCase() === 'on';
  }

  var ect = first('ect', function (text) {
    var at = ECTS.indexOf(text.toLowerCase());
    return at < 0 ? undefined : at;
  });
  var rtt = first('rtt', within(1, 60000));
  var downlink = first('downlink', within(0, 10000));
  var memory = first('device-memory', within(0.01, 1024));
  var saving = isOn('sec-ch-save-data') || isOn('save-data');
  var mobile = value('sec-ch-ua-mobile') === '?1';

  function networkApplies(rule) {
    var any = 'ect_to' in rule || 'rtt_ms_from' in rule || 'downlink_mbps_under' in rule || rule.save_data === true;
    return (
      !any ||
      ('ect_to' in rule && ect !== undefined && ect <= ECTS.indexOf(rule.ect_to)) ||
      ('rtt_ms_from' in rule && rtt !== undefined && rtt >= rule.rtt_ms_from) ||
      ('downlink_mbps_under' in rule && downlink !== undefined && downlink < rule.downlink_mbps_under) ||
      (rule.save_data === true && saving)
    );
  }
  function deviceApplies(rule) {
    var any = 'memory_gib_to' in rule || 'memory_gib_under' in rule || rule.mobile === true;
    return (
      !any ||
      ('memory_gib_to' in rule && memory !== undefined && memory <= rule.memory_gib_to) ||
      ('memory_gib_under' in rule && memory !== undefined && memory < rule.memory_gib_under) ||
      (rule.mobile === true && mobile && memory === undefined)
    );
  }
  // Each table ends with a rule that always applies.
  function ceiling(rules, applies) {
    return TIERS.indexOf(rules.filter(applies)[0].ceiling);
  }
  var lowest = Math.min(
    TIERS.indexOf(POLICY.unasked),
    ceiling(POLICY.network, networkApplies),
    ceiling(POLICY.device, deviceApplies)
  );

  // A wildcard proves nothing: fetch() sends one, whatever it can decode.
  var acceptsAvif = value('accept').split(',').some(function (range) {
    var parts = range.split(';').map(function (part) {
      return part.trim();
    });
    return (
      parts[0].toLowerCase() === 'image/avif' &&
      parts.slice(1).every(function (part) {
        var weight = /^q\s*=\s*(.*)$/i.exec(part);
        return weight === null || decimal(weight[1], 0, 1) > 0;
      })
    );
  });

  var tier = TIERS[lowest];
  var frames = POLICY.frames[tier];
  return {
    frames: frames === undefined ? 'tier=' + tier : 'tier=' + tier.replace('-24', '') + '&frames=' + frames,
    format: 'format=' + (AVIF && acceptsAvif ? 'avif' : 'webp')
  };
}

// A query (without its question mark) with what it leaves open filled in, always in the same order.
function girasolQuery(query, line) {
  var pairs = query.split('&').filter(function (pair) {
    return pair !== '';
  });
  function has(key) {
    return pairs.some(function (pair) {
      return pair.split('=')[0] === key;
    });
  }
  // `explain` asks for the reasons: the server has to see the hints themselves.
  if (has('explain')) return query;
  var chosen = girasolClass(line);
  if (!has('format')) pairs.push(chosen.format);
  if (!has('tier') && !has('frames')) pairs.unshift(chosen.frames);
  return pairs.join('&');
}

function isSequence(path) {
  return PLAIN_PATH.test(path) && /^[/]api[/]products[/]customizable[/][^/]+[/]sequence$/.test(path);
}
