// The negotiation policy in the browser: the server's table, which manifests carry, and the server's decision.

import type { DeviceRule, Manifest, NetworkRule, Policy, Selected, TierKey } from "../wire";
import { ECTS, type Hints } from "./hints";
import { tierKey, wordOf } from "./tiers";

/** Keys under `tiers`, poorest first. */
const TIERS: readonly TierKey[] = ["still", "preview", "standard-24", "standard", "hd"];

/** For elements of less than half of standard's width. */
const SMALL: TierKey = "standard-24";

/** The best tier that a policy gives, and the names of the rules that decided. */
export interface Decision {
  key: TierKey;
  because: string[];
}

/** Decides as the server does for a version that has every tier. */
export function decide(hints: Hints, policy: Policy): Decision {
  const network = policy.network.find((rule) => applies(rule, hints));
  const device = policy.device.find((rule) => applies(rule, hints));
  const ceilings = [policy.unasked, network?.ceiling, device?.ceiling];
  const because = [network && `network: ${network.name}`, device && `device: ${device.name}`];
  return {
    key: TIERS.find((tier) => ceilings.includes(tier))!,
    because: because.filter((rule): rule is string => !!rule),
  };
}

/**
 * Any of a rule's evidence makes it apply; a rule without evidence always applies. Comparing with undefined gives
 * false: unknown hints, and evidence that a rule does not name, never match.
 */
function applies({ name: _name, ceiling: _ceiling, ...evidence }: NetworkRule & DeviceRule, hints: Hints): boolean {
  return (
    !Object.keys(evidence).length ||
    (!!hints.ect && ECTS.indexOf(hints.ect) <= ECTS.indexOf(evidence.ect_to!)) ||
    hints.rttMs! >= evidence.rtt_ms_from! ||
    hints.downlinkMbps! < evidence.downlink_mbps_under! ||
    hints.memoryGib! <= evidence.memory_gib_to! ||
    hints.memoryGib! < evidence.memory_gib_under! ||
    (!!evidence.save_data && hints.saveData) ||
    (!!evidence.mobile && hints.mobile && hints.memoryGib === undefined)
  );
}

/** What was selected, or less where the manifest's policy gives less for these hints: the server may not have seen them. */
export function atMost(selected: Selected, manifest: Manifest, hints: Hints): Selected {
  if (!manifest.policy) return selected;
  const decided = decide(hints, manifest.policy);
  // A thumbnail does not show every frame.
  const [width = 0] = manifest.tiers.standard?.formats[selected.format]?.size ?? [];
  const isSmall = hints.widthPx && hints.widthPx < width / 2 && rank(decided.key) > rank(SMALL);
  const { key, because } = isSmall ? { key: SMALL, because: ["size: small"] } : decided;
  const usable = TIERS.filter((tier) => manifest.tiers[tier]?.formats[selected.format]);
  // A version leaves standard-24 out where standard has no more frames than that.
  const ceiling = rank(key === SMALL && !usable.includes(key) ? "standard" : key);
  if (rank(tierKey(manifest, selected)) <= ceiling) return selected;
  const best = usable.filter((tier) => rank(tier) <= ceiling).at(-1) ?? usable[0];
  const frames = best && manifest.tiers[best]?.frames;
  return best && frames ? { tier: wordOf(best), frames, format: selected.format, because } : selected;
}

/** Whether the policy allows hd on demand for these hints. */
export function mayHaveHd({ policy }: Manifest, hints: Hints): boolean {
  return !policy || decide(hints, { ...policy, unasked: "hd" }).key === "hd";
}

function rank(key: string): number {
  return (TIERS as readonly string[]).indexOf(key);
}
