// The negotiation policy in the browser: the server's table, which manifests carry, and the server's decision.

import type { DeviceRule, Ect, Format, Manifest, NetworkRule, Policy, Selected, TierKey } from "../wire";
import { tierKey } from "./manifest";

/** Keys under `tiers`, poorest first. */
const TIERS: readonly TierKey[] = ["still", "preview", "standard-24", "standard", "hd"];

/** For elements of less than half of standard's width. */
const SMALL: TierKey = "standard-24";

/** Effective connection types, slowest first. */
const ECTS: readonly Ect[] = ["slow-2g", "2g", "3g", "4g"];

/** What is known of a visitor; what is left out is not known. */
export interface Hints {
  saveData: boolean;
  mobile: boolean;
  acceptsAvif: boolean;
  ect?: Ect | undefined;
  rttMs?: number | undefined;
  downlinkMbps?: number | undefined;
  memoryGib?: number | undefined;
  /** Width of the element in the pixels of the screen. */
  widthPx?: number;
}

/** What a policy gives somebody who asked for nothing. */
export interface DeliveryClass {
  key: TierKey;
  /** `standard` also where `frames` says fewer. */
  tier: string;
  frames: number | undefined;
  format: Format;
  /** Names of the rules that decided. */
  because: string[];
}

/** Decides as the server does for a version that has every tier. */
export function decide(hints: Hints, policy: Policy): DeliveryClass {
  const network = policy.network.find((rule) => networkApplies(rule, hints));
  const device = policy.device.find((rule) => deviceApplies(rule, hints));
  const ceilings = [policy.unasked, network?.ceiling, device?.ceiling];
  const key = TIERS.find((tier) => ceilings.includes(tier))!;
  return {
    key,
    tier: wordOf(key),
    frames: policy.frames[key],
    format: hints.acceptsAvif ? "avif" : "webp",
    because: [network && `network: ${network.name}`, device && `device: ${device.name}`].filter(
      (rule) => !!rule,
    ) as string[],
  };
}

// What is not known, or not asked for, is neither more nor less than anything: comparing it gives false.

function networkApplies(rule: NetworkRule, hints: Hints): boolean {
  const { ect_to, rtt_ms_from, downlink_mbps_under, save_data } = rule;
  if ((ect_to ?? rtt_ms_from ?? downlink_mbps_under ?? (save_data || undefined)) === undefined) return true;
  return (
    (hints.ect && ECTS.indexOf(hints.ect) <= ECTS.indexOf(ect_to!)) ||
    hints.rttMs! >= rtt_ms_from! ||
    hints.downlinkMbps! < downlink_mbps_under! ||
    (!!save_data && hints.saveData)
  );
}

function deviceApplies(rule: DeviceRule, hints: Hints): boolean {
  const { memory_gib_to, memory_gib_under, mobile } = rule;
  if ((memory_gib_to ?? memory_gib_under ?? (mobile || undefined)) === undefined) return true;
  return (
    hints.memoryGib! <= memory_gib_to! ||
    hints.memoryGib! < memory_gib_under! ||
    (!!mobile && hints.mobile && hints.memoryGib === undefined)
  );
}

/** The parts of `navigator` that say something; each browser has some of them. */
export interface Browser {
  userAgent: string;
  userAgentData?: { mobile: boolean };
  deviceMemory?: number;
  connection?: { effectiveType?: string; rtt?: number; downlink?: number; saveData?: boolean };
}

/** What the browser knows of itself, whether or not it has told the server. */
export function ownHints(browser: Browser, decodable: Format): Hints {
  const { effectiveType, rtt, downlink, saveData } = browser.connection ?? {};
  const ect = ECTS.find((one) => one === effectiveType);
  return {
    saveData: saveData ?? false,
    mobile: browser.userAgentData?.mobile ?? /Mobi/.test(browser.userAgent),
    acceptsAvif: decodable === "avif",
    ect,
    // As in headers, a round trip of nothing is not known.
    rttMs: rtt || undefined,
    downlinkMbps: downlink,
    memoryGib: browser.deviceMemory,
  };
}

/** What was selected, or less where the manifest's policy gives these hints less: the server may have seen none. */
export function atMost(selected: Selected, manifest: Manifest, hints: Hints): Selected {
  if (!manifest.policy) return selected;
  const decided = decide(hints, manifest.policy);
  // Nobody sees every frame of a thumbnail.
  const [width = 0] = manifest.tiers.standard?.formats[selected.format]?.size ?? [];
  const isSmall = hints.widthPx && hints.widthPx < width / 2 && rank(decided.key) > rank(SMALL);
  const { key, because } = isSmall ? { key: SMALL, because: ["size: small"] } : decided;
  const usable = TIERS.filter((tier) => manifest.tiers[tier]?.formats[selected.format]);
  // A version leaves standard-24 out where standard has no more frames than that.
  const ceiling = rank(key === "standard-24" && !usable.includes(key) ? "standard" : key);
  if (rank(tierKey(manifest, selected)) <= ceiling) return selected;
  const best = usable.filter((tier) => rank(tier) <= ceiling).at(-1) ?? usable[0];
  const frames = best && manifest.tiers[best]?.frames;
  return best && frames ? { tier: wordOf(best), frames, format: selected.format, because } : selected;
}

/** Whether a visitor of whom so much is known is given hd on demand. */
export function mayHaveHd({ policy }: Manifest, hints: Hints): boolean {
  return !policy || decide(hints, { ...policy, unasked: "hd" }).key === "hd";
}

function rank(key: string): number {
  return (TIERS as readonly string[]).indexOf(key);
}

/** The word for a tier in queries and under `selected`. */
function wordOf(key: TierKey): string {
  return key === "standard-24" ? "standard" : key;
}

/**
 * Reads hint headers as the server does. `lines` gives every field line of a header, in lower case. Whatever is
 * repeated, malformed or absurd is ignored, and so is what Chromium says when it does not know.
 */
export function readHints(lines: (name: string) => string[]): Hints {
  const spelled = (name: string) => [`sec-ch-${name}`, name].map((spelling) => single(lines(spelling)));
  const first = <T>(name: string, read: (text: string) => T | undefined) =>
    spelled(name)
      .map((text) => (text === undefined ? undefined : read(text)))
      .find((value) => value !== undefined);
  const ect = first("ect", (text) => ECTS.find((one) => one === text.toLowerCase()));
  const rttMs = first("rtt", (text) => decimal(text, 1, 60_000));
  const downlinkMbps = first("downlink", (text) => decimal(text, 0, 10_000));
  const memoryGib = first("device-memory", (text) => decimal(text, 0.01, 1024));
  return {
    saveData: spelled("save-data").some((text) => text?.toLowerCase() === "on"),
    mobile: single(lines("sec-ch-ua-mobile")) === "?1",
    acceptsAvif: lines("accept").some(namesAvif),
    ...(ect && { ect }),
    ...(rttMs !== undefined && { rttMs }),
    ...(downlinkMbps !== undefined && { downlinkMbps }),
    ...(memoryGib !== undefined && { memoryGib }),
  };
}

function single(lines: string[]): string | undefined {
  return lines.length === 1 ? lines[0]?.trim() : undefined;
}

/** A plain decimal of at most 16 characters within a range. */
function decimal(text: string, from: number, to: number): number | undefined {
  const value = Number(text);
  return text.length <= 16 && /^[0-9]+(\.[0-9]+)?$/.test(text) && value >= from && value <= to ? value : undefined;
}

/** Whether one `Accept` line names AVIF with a weight above 0. */
function namesAvif(line: string): boolean {
  return line.split(",").some((range) => {
    const [name, ...parameters] = range.split(";").map((part) => part.trim());
    if (name?.toLowerCase() !== "image/avif") return false;
    const weights = parameters.map((part) => /^q\s*=\s*(.*)$/i.exec(part)?.[1]);
    return weights.every((weight) => weight === undefined || (decimal(weight, 0, 1) ?? 0) > 0);
  });
}
