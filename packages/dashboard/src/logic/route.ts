/** Where somebody is, as the part of the URL after `#` has it. */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "channels"; readonly search: string }
  | { readonly page: "channel"; readonly channel: string }
  | { readonly page: "connections"; readonly search: string; readonly channel: string }
  | { readonly page: "connection"; readonly connection: string }
  | { readonly page: "nodes" }
  | { readonly page: "events"; readonly search: string; readonly kind: string }
  | { readonly page: "configuration" }
  | { readonly page: "nowhere" };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [first = "", ...others] = path.split("/");
  const rest = decode(others.join("/"));
  const asked = new URLSearchParams(query);
  const search = asked.get("search") ?? "";
  switch (first) {
    case "":
      return { page: "overview" };
    case "channels":
      return rest === "" ? { page: "channels", search } : { page: "channel", channel: rest };
    case "connections":
      return rest === ""
        ? { page: "connections", search, channel: asked.get("channel") ?? "" }
        : { page: "connection", connection: rest };
    case "nodes":
      return { page: "nodes" };
    case "events":
      return { page: "events", search, kind: asked.get("kind") ?? "" };
    case "configuration":
      return { page: "configuration" };
    default:
      return { page: "nowhere" };
  }
}

/** Names of channels and ids of connections have no sign that would have to be written otherwise. */
export const to = {
  overview: "#/",
  channels: "#/channels",
  channel: (channel: string): string => `#/channels/${channel}`,
  connections: "#/connections",
  readersOf: (channel: string): string => `#/connections?${new URLSearchParams({ channel }).toString()}`,
  connection: (id: string): string => `#/connections/${id}`,
  nodes: "#/nodes",
  events: (search = "", kind = ""): string => {
    const query = new URLSearchParams({ ...(kind && { kind }), ...(search && { search }) }).toString();
    return `#/events${query === "" ? "" : `?${query}`}`;
  },
  configuration: "#/configuration",
} as const;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // written by hand: it names nothing, which is said
  }
}
