// The answers of the server's private API, as far as the studio reads them. Timestamps are RFC 3339.

import type { Format } from "../wire";

export type Choices = Record<string, string>;

export interface Session {
  key: string;
  role: "artist" | "admin" | "metrics";
  label: string;
  expires?: string;
}

export interface Product {
  id: string;
  label: string;
  type: string;
  model: string;
  options: Option[];
  configurations: Configuration[];
}

/** A configuration without a spin that visitors requested. */
export interface Wanted {
  configuration: string;
  product: string;
  choices: Choices;
  asked: number;
  last: string;
}

export interface Option {
  name: string;
  label: string;
  default: string;
  choices: OptionChoice[];
}

export interface OptionChoice {
  value: string;
  label: string;
  swatch: string | null;
}

export interface Configuration {
  id: string;
  choices: Choices;
  live: number | null;
  latest: number | null;
  versions: number;
  takenDown: boolean;
  /** Nothing of it is public. */
  protected?: boolean;
  still: string | null;
}

export interface TurnSettings {
  hero: number;
  start: number;
  clockwise: boolean;
  ground: string | null;
  denoise: boolean;
  effort: "default" | "max" | null;
}

export interface FrameSet {
  id: string;
  product: string;
  choices: Choices;
  state: "open" | "committed";
  settings: TurnSettings;
  expected: number | null;
  frames: number;
  bytes: number;
  opened: string;
  openedBy: string;
  job?: Job;
  files?: FrameFile[];
}

export interface FrameFile {
  name: string;
  bytes: number;
  digest: string;
}

export type JobState = "queued" | "running" | "ready" | "failed" | "cancelled";

export interface Failure {
  slug?: string;
  message?: string;
  file?: string | null;
  remedy?: string | null;
}

export interface Job {
  id: string;
  frameset: string;
  state: JobState;
  attempts: number;
  stage: string | null;
  done: number;
  total: number;
  leftMs?: number;
  configuration?: string;
  version?: number;
  failure?: Failure;
  nextAttempt?: string;
  queued: string;
  changed: string;
  events: string;
}

export interface Check {
  state: "empty" | "running" | "done";
  done: number;
  total: number;
  findings: Finding[];
}

export interface Finding {
  id: number;
  kind: string;
  severity: "blocks" | "warns";
  frames: string[];
  message: string;
  remedy: string;
  evidence: string | null;
  mend: string | null;
  mendLabel: string | null;
}

export interface Sequence {
  configuration: string;
  live: number | null;
  takenDown: boolean;
  /** Only signed addresses show it. */
  protected?: boolean;
  versions: Version[];
}

export interface Version {
  version: number;
  kind: "early" | "full";
  manifest: string;
  created: string;
  published: string | null;
  live: boolean;
}

export interface VersionDetail extends Version {
  sets: VersionSet[];
}

export interface VersionSet {
  set: string;
  format: Format;
  tiers: string[];
  size: [number, number];
  frames: FrameFacts[];
}

export interface FrameFacts {
  degree: number;
  bytes: number;
  /** SSIMULACRA2; null where it was not stored. */
  quality: number | null;
}

/** A link that shows one version without a key. */
export interface PreviewLink {
  link: string;
  expires: string;
}
