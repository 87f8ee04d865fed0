// The wire: the shapes that the server's public addresses send and take. Nothing here exists at run time.

export type Format = "avif" | "webp";

/** Option names and the choices made: `{ metal: "rose-gold" }`. */
export type Choices = Record<string, string>;

/** The manifest `girasol.manifest/1` of one version, with what the server negotiated for one request. */
export interface Manifest {
  schema: string;
  configuration: string;
  /** Counts up from 1 within the configuration. */
  version: number;
  /** How many raw frames the turn has. */
  turn: { frames: number };
  view: Placement;
  /** The colour behind the piece: `#rrggbb` or `transparent`. */
  ground: string;
  /** A ThumbHash of the hero frame in base64. */
  placeholder?: string;
  colour?: string;
  /** The degree that stands for the piece where only one picture does. */
  hero: number;
  /** URL templates, resolved against the manifest's own address. */
  urls: { frame: string; pack: string; still: string; manifest: string };
  tiers: Record<string, Tier>;
  digest?: string;
  /** The table that the server chose by. */
  policy?: Policy;
  /** Live configurations that differ in one choice. */
  siblings?: Sibling[];
  selected?: Selected;
  /** It stands in a page, and may be older than the server's. */
  inline?: boolean;
  /** Frames for a look closer than hd, once they are made. */
  loupe?: Loupe;
  /** Where they can be asked for by POST while there are none. */
  loupe_request?: string;
}

/** Frames that lie exactly over those of hd, at the raw frames' own size. */
export interface Loupe {
  /** Width and height in pixels. */
  size: [number, number];
  degrees: number[];
  formats: Partial<Record<Format, { set: string; bytes: number[] }>>;
}

/** Where the frames lie in the artist's frames, in the pixels of those. */
export interface Placement {
  /** Width and height. */
  source: [number, number];
  /** Left, top, width and height of the part that was encoded. */
  crop: [number, number, number, number];
}

export interface Tier {
  frames: number;
  degrees: number[];
  /** Ceiling in bytes for each format. */
  budget: number;
  load_bytes?: Partial<Record<Format, number>>;
  formats: Partial<Record<Format, Rendition>>;
}

/** A tier in one format. */
export interface Rendition {
  set: string;
  /** Width and height in pixels. */
  size: [number, number];
  bytes: number;
  quality?: {
    metric: string;
    mean: number;
    min: number;
    /** The standard deviation round the turn. */
    spread?: number;
    /** The largest difference between neighbours on the turn. */
    step?: number;
  };
  /** What has to be loaded, in order. */
  packs: Pack[];
  /** The same frames in fewer bytes. */
  bare?: Bare;
}

/** Packs of bare frames: a frame's file is the head, with the first bytes of the bare frame in its holes, and the rest of those. */
export interface Bare {
  /** What all frames of the set have in common, in hexadecimal digits. */
  head: string;
  /** Offsets in the head of bytes that each frame has of its own. */
  holes: number[];
  /** Bytes of the tier's own bare frames and of the head. */
  bytes: number;
  /** For each of the rendition's packs, one with the same frames, each shorter by the head but for its holes. */
  packs: string[];
}

/** One object that holds frames back to back, in load order. */
export interface Pack {
  pack: string;
  degrees: number[];
  /** Bytes of each frame, in the order of `degrees`. */
  lengths: number[];
}

/** What the server, or the policy in the browser, gives a visitor. */
export interface Selected {
  tier: string;
  frames: number;
  format: Format;
  /** Names of the rules that decided, never raw hints. */
  because: string[];
}

/** Another live configuration that differs in one choice, and its standard tier's sets by format. */
export interface Sibling {
  configuration: string;
  choices: Choices;
  digest: string;
  sets: Partial<Record<Format, string>>;
}

/** A key under `tiers` that the policy knows. */
export type TierKey = "still" | "preview" | "standard-24" | "standard" | "hd";

/** An effective connection type of the Network Information API. */
export type Ect = "slow-2g" | "2g" | "3g" | "4g";

/** Evidence tables. In each the first rule that applies sets a ceiling; the lower ceiling wins. */
export interface Policy {
  /** The best tier for visitors who did not ask for one. */
  unasked: TierKey;
  network: NetworkRule[];
  device: DeviceRule[];
  /** Frames that each tier aims at. */
  frames: Partial<Record<TierKey, number>>;
}

/** Any of its evidence makes a rule apply; a rule without evidence always applies. */
export interface NetworkRule {
  name: string;
  ect_to?: Ect;
  rtt_ms_from?: number;
  downlink_mbps_under?: number;
  save_data?: boolean;
  ceiling: TierKey;
}

export interface DeviceRule {
  name: string;
  memory_gib_to?: number;
  memory_gib_under?: number;
  /** A mobile device whose memory is unknown. */
  mobile?: boolean;
  ceiling: TierKey;
}

/** A product of the storefront. */
export interface Product {
  id: string;
  label: string;
  options: ProductOption[];
  default: { configId: string; choices: Choices };
  spins: ProductSpin[];
  hotspots?: Hotspot[];
}

export interface ProductOption {
  name: string;
  label: string;
  choices: { value: string; label: string; swatch: string | null }[];
}

/** A configuration with a live spin. */
export interface ProductSpin {
  configId: string;
  choices: Choices;
  sequence: string;
}

/** A hotspot of a product. */
export interface Hotspot {
  name: string;
  label: string;
  href?: string;
  /** By rising degrees: the first below 360, the last at most a turn further. */
  points: HotspotPoint[];
}

/** Where a hotspot is at a degree: shares of the artist's frame, from its left and upper edges. */
export interface HotspotPoint {
  degree: number;
  x: number;
  y: number;
}

/** The answer to `POST .../configure`. */
export interface Configured {
  configId: string;
  status: SpinStatus;
  sequence?: string;
  /** A configuration that has a spin, where the chosen one has none. */
  nearest?: ProductSpin;
}

/** The answer of `GET .../status`. */
export interface ConfigurationStatus {
  status: SpinStatus;
  stage?: string;
  done?: number;
  total?: number;
}

export type SpinStatus = "ready" | "processing" | "unavailable";

/** One view of a spin, `girasol.vitals/1`. Milliseconds count from when the spin came near the viewport. */
export interface VitalsReport {
  schema: "girasol.vitals/1";
  configuration?: string | undefined;
  tier?: string | undefined;
  /** The first frame is painted; the first tier can be turned; the last tier is complete. */
  frame_ms?: number;
  spin_ms?: number;
  full_ms?: number;
  /** The slowest switch, from choice to paint, and how many there were. */
  switch_ms?: number;
  switches?: number;
  /** Paints of a turning piece, and those that showed the frame at the wanted angle. */
  turned?: number;
  wanted?: number;
  /** Encoded bytes of the frames that were loaded. */
  bytes?: number;
  /** Failures that the visitor saw. */
  errors?: number;
  /**
   * From the second file on: the format of the frames; milliseconds for each sector of 10 degrees, from 0 on; frames of hd that
   * were painted while the piece rested.
   */
  format?: Format;
  looks?: number[];
  rested?: number;
  /** Frames of a loupe that were painted. */
  loupes?: number;
  /** Of the page, with vitals="page": largest contentful paint, layout shifts in thousandths, slowest interaction. */
  lcp_ms?: number;
  cls_thousandths?: number;
  inp_ms?: number;
}

/** An error (RFC 9457). `type` ends with the problem's slug. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail?: string;
}

/** What the service worker tells all pages once a server has refused a configuration: 403, 404 or 410. */
export interface Refused {
  type: "girasol.refused/1";
  origin: string;
  configuration: string;
  status: number;
}
