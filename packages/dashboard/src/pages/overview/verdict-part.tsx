import { formatDuration, Icon, now } from "@tidings/ui";
import type { JSX } from "preact";
import { connection } from "../../live/client.ts";
import { newest, recent } from "../../live/stats.ts";
import { type Diagnosis, diagnose } from "../../logic/diagnose.ts";
import { behind } from "./tops.ts";

const HEADINGS: Readonly<Record<Diagnosis["side"], string>> = {
  well: "All is well",
  us: "It is this server",
  network: "It is the network or clients",
  both: "It is this server, and the network",
  unknown: "Not known yet",
};

/** "Is it us or the network?" in a line, with the reasons. */
export function VerdictPart(): JSX.Element {
  const isLive = connection.value.name === "live";
  const { side, findings } = isLive
    ? diagnose(recent.value, behind.value ?? [], now.value)
    : { side: "unknown" as const, findings: [] };
  const last = newest.value;
  return (
    <section class={`verdict verdict-${side}`} aria-label="Is it us or the network?" data-side={side}>
      <span class="verdict-mark" aria-hidden="true">
        <Icon name={side === "well" ? "check" : side === "unknown" ? "clock" : "alert"} />
      </span>
      <div class="verdict-text">
        <h2>{isLive || last === undefined ? HEADINGS[side] : "This page has no connection to the server"}</h2>
        {findings.length > 0 ? (
          <ul>
            {findings.map(({ text, href }) => (
              <li key={text}>{href === undefined ? text : <a href={href}>{text}</a>}</li>
            ))}
          </ul>
        ) : (
          <p class="quiet">
            {side === "well" && last !== undefined
              ? `Nothing holds the server, and no reader is stuck. Up for ${formatDuration(last.sample.uptimeSeconds * 1_000)}.`
              : isLive
                ? "The first second is on its way."
                : "Whether the server or the network is gone cannot be told from here."}
          </p>
        )}
      </div>
    </section>
  );
}
