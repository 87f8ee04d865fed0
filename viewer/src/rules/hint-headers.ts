// Hint headers, read as the server reads them. Only the tests need this: they hold the viewer to the server's table.

import { ECTS, type Hints } from "./hints";

/** Every field line of a header, by its name in lower case. */
type Lines = (name: string) => string[];

/** Ignores values that are repeated, malformed or absurd, and those that Chromium sends when it does not know. */
export function readHints(lines: Lines): Hints {
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

/** Whether `Accept` names AVIF. */
export function acceptsAvif(lines: Lines): boolean {
  return lines("accept").some(namesAvif);
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
