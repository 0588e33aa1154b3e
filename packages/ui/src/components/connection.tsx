import type { State } from "@tidings/client";
import type { JSX } from "preact";
import { formatClock } from "../logic/format.ts";
import { Countdown } from "./age.tsx";
import { Button } from "./button.tsx";

const TRANSPORTS: Readonly<Record<string, string>> = {
  sse: "SSE",
  "event-source": "SSE",
  ndjson: "NDJSON",
  ws: "WebSocket",
  "long-poll": "Long poll",
  poll: "Poll",
};

/** As people call the transport of a connection; `undefined` where there is none. */
export function transportName(state: State): string | undefined {
  return "transport" in state ? (TRANSPORTS[state.transport] ?? state.transport) : undefined;
}

/** A client's connection in a word, to be always in sight. */
export function Connection({ state }: { readonly state: State }): JSX.Element {
  return (
    <span class={`connection connection-${state.name}`} data-connection={state.name} role="status">
      <i class="connection-mark" aria-hidden="true" />
      <span class="visually-hidden">Connection: </span>
      {wordOf(state)}
      {state.name === "live" && <span class="connection-transport">{transportName(state)}</span>}
    </span>
  );
}

function wordOf({ name }: State): string {
  switch (name) {
    case "idle":
    case "connecting":
      return "Connecting";
    case "live":
      return "Live";
    case "waiting":
      return "Reconnecting";
    case "offline":
      return "Offline";
    case "closed":
      return "Closed";
    default:
      return name satisfies never;
  }
}

interface BannerProps {
  readonly state: State;
  /** When it was live last, milliseconds since the epoch; `undefined` before it ever was. */
  readonly liveUntil: number | undefined;
  readonly onRetry: () => void;
}

/** While what is seen may be old: since when, and what happens next. */
export function ConnectionBanner({ state, liveUntil, onRetry }: BannerProps): JSX.Element | null {
  if (state.name === "live" || state.name === "idle") return null;
  // Before the first one the page itself says that it loads.
  if (liveUntil === undefined && state.name === "connecting" && state.attempt === 1) return null;
  return (
    <aside class="banner" aria-label="Connection">
      <p>
        {sayWhy(state)}{" "}
        {state.name === "waiting" && (
          <>
            Trying again in <Countdown atMs={state.retryAtMs} /> s.{" "}
          </>
        )}
        {liveUntil !== undefined && (
          <span class="banner-since">What you see is from {formatClock(liveUntil)}.</span>
        )}
      </p>
      {state.name === "closed" ? (
        <Button onClick={() => location.reload()}>Reload</Button>
      ) : (
        <Button onClick={onRetry}>Retry now</Button>
      )}
    </aside>
  );
}

function sayWhy(state: State): string {
  switch (state.name) {
    case "offline":
      return "This device is offline. The page goes on by itself once it is back.";
    case "waiting":
      return "The connection is lost.";
    case "closed":
      return `The connection was closed: ${state.reason?.message ?? "reload the page"}.`;
    case "idle":
    case "live":
    case "connecting":
      return "Connecting again…";
    default:
      return state satisfies never;
  }
}
