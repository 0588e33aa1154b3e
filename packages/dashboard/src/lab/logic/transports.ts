import type { FaultKind, LabTransport } from "./lab-code.ts";

interface Words {
  readonly title: string;
  /** How it works, in a line for somebody new. */
  readonly about: string;
}

const WORDS: Readonly<Record<LabTransport, Words>> = {
  poll: { title: "Short poll", about: "Asks “anything new?” every 2 s, and is answered at once." },
  "long-poll": { title: "Long poll", about: "Asks, and the server answers once there is something." },
  sse: { title: "SSE", about: "One answer that never ends: events, as text." },
  "event-source": { title: "EventSource", about: "The same, by what the browser has built in." },
  ndjson: { title: "NDJSON", about: "One answer that never ends: a line of JSON each." },
  ws: { title: "WebSocket", about: "One connection that both sides send on." },
  auto: { title: "auto", about: "The client that chooses, and changes, by itself." },
};

/** Those that a newer lab has are shown by their names. */
export function transportTitle(name: string): string {
  return (WORDS as Readonly<Record<string, Words>>)[name]?.title ?? name;
}

export function transportAbout(name: string): string {
  return (WORDS as Readonly<Record<string, Words>>)[name]?.about ?? "";
}

export interface Switch {
  readonly kind: FaultKind;
  readonly title: string;
  /** What it does, and what to look for. */
  readonly about: string;
}

/** In the order in which they are worth a try. */
export const SWITCHES: readonly Switch[] = [
  {
    kind: "block-websocket",
    title: "Block WebSocket",
    about: "As a strict company proxy does. ws waits; auto goes on over another transport, and comes back.",
  },
  {
    kind: "buffer",
    title: "Buffering proxy",
    about:
      "Answers pass only when they are whole. Polls go on, streams go silent; auto falls back to long polls.",
  },
  {
    kind: "cut",
    title: "Cut the network",
    about:
      "Every connection is reset, and none can be opened. Afterwards all that was missed comes, in order.",
  },
  {
    kind: "kill",
    title: "Kill the server",
    about:
      "SIGKILL, in the middle of whatever it does. What it has acknowledged is on disk, and is read from there.",
  },
];

export function switchTitle(kind: FaultKind): string {
  return SWITCHES.find((each) => each.kind === kind)?.title ?? kind;
}
