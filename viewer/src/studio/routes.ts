// The studio's pages and their addresses after the #, so that reload, back and links work.

export type Route =
  | { at: "products" }
  | { at: "set"; set: string }
  | { at: "configuration"; configuration: string; version?: number; view: View }
  | { at: "compare"; configuration: string; versions: [number, number]; view: View };

/** The tier and the format of a spin; empty for the default. */
export interface View {
  tier: string;
  format: string;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [kind, id, what, one, other] = path.split("/");
  const params = new URLSearchParams(query);
  const view = { tier: params.get("tier") ?? "", format: params.get("format") ?? "" };
  if (kind === "sets" && /^[0-9a-f]{32}$/.test(id ?? "")) return { at: "set", set: id! };
  if (kind === "configurations" && /^[a-z0-9.-]+$/.test(id ?? "")) {
    const [first, second] = [numberOf(one), numberOf(other)];
    if (what === "compare" && first && second)
      return { at: "compare", configuration: id!, versions: [first, second], view };
    const version = what === "versions" ? first : undefined;
    return { at: "configuration", configuration: id!, view, ...(version && { version }) };
  }
  return { at: "products" };
}

export function hashOf(route: Route): string {
  switch (route.at) {
    case "products":
      return "#/products";
    case "set":
      return `#/sets/${route.set}`;
    case "configuration": {
      const version = route.version ? `/versions/${route.version}` : "";
      return `#/configurations/${route.configuration}${version}${queryOf(route.view)}`;
    }
    case "compare":
      return `#/configurations/${route.configuration}/compare/${route.versions.join("/")}${queryOf(route.view)}`;
  }
}

export const NO_VIEW: View = { tier: "", format: "" };

/** The address of a configuration, at one of its versions or at the one that matters most. */
export function configurationHash(configuration: string, version?: number): string {
  return hashOf({ at: "configuration", configuration, view: NO_VIEW, ...(version && { version }) });
}

export function setHash(set: string): string {
  return hashOf({ at: "set", set });
}

/** Opens a page of the studio. */
export function goTo(hash: string): void {
  location.hash = hash;
}

/** Updates the address after a change on the page, without opening another page. */
export function noteRoute(route: Route): void {
  history.replaceState(null, "", hashOf(route));
}

function queryOf(view: View): string {
  const params = new URLSearchParams();
  if (view.tier) params.set("tier", view.tier);
  if (view.format) params.set("format", view.format);
  const all = params.toString();
  return all && `?${all}`;
}

function numberOf(text: string | undefined): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text ?? "") ? Number(text) : undefined;
}
