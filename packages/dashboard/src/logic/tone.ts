import type { ConnectionRow } from "../live/shapes.ts";

/** Whether a connection's state asks for somebody. */
export function toneOf(state: ConnectionRow["state"]): "good" | "bad" | "busy" {
  return state === "live" ? "good" : state === "waiting" ? "bad" : "busy";
}
