import { formatBytes, formatClock, formatCount, formatMs, Status, type Tone } from "@tidings/ui";
import type { ComponentChildren, JSX } from "preact";
import { results } from "../live/lab.ts";
import type { LabResults } from "../logic/lab-code.ts";

/** Above it, figures are of this machine and not of the transports; in milliseconds, as docs/lab.md has it. */
const SLOW_MS = 20;

const STATES: Readonly<Record<LabResults["target"]["state"], readonly [tone: Tone, words: string]>> = {
  starting: ["busy", "starting"],
  up: ["good", "up"],
  killed: ["bad", "killed"],
  ended: ["bad", "ended by itself"],
};

/** What the server that is measured holds, and what measuring takes. */
export function TargetPart(): JSX.Element | null {
  const told = results.value;
  if (told === undefined) return null;
  const { target, processes, notes } = told;
  const [tone, words] = STATES[target.state];
  const slow = processes.load !== null && processes.load.eventLoopP99Ms > SLOW_MS;
  const held = Object.entries(target.connections ?? {}).filter(([, count]) => count > 0);
  return (
    <section class="panel" aria-labelledby="target-title">
      <h2 id="target-title">What the server holds</h2>
      <dl class="facts">
        <Fact name="The server">
          <Status tone={tone}>{words}</Status>
          {target.restarts > 0 && <small>started again {target.restarts}×</small>}
        </Fact>
        <Fact name="Connections" hint="with idle ones">
          {target.sockets === undefined ? "–" : formatCount(target.sockets)}
          {held.length > 0 && <small>{held.map(([name, count]) => `${name} ${count}`).join(" · ")}</small>}
        </Fact>
        <Fact name="Memory">{target.rssBytes === undefined ? "–" : formatBytes(target.rssBytes)}</Fact>
        <Fact name="CPU" hint="of one core">
          {target.cpuPercent === undefined ? "–" : `${Math.round(target.cpuPercent)} %`}
        </Fact>
        <Fact name="The readers’ process" hint="keeps things waiting, 99 of 100">
          {processes.load === null ? (
            "–"
          ) : (
            <Status tone={slow ? "warn" : "good"}>{formatMs(processes.load.eventLoopP99Ms)}</Status>
          )}
        </Fact>
      </dl>
      {slow && (
        <p class="fault-note">
          This machine is busy: what its readers wait for themselves is in the latencies above. Fewer readers,
          a lower rate, or less beside it, and they are the transports’ own again.
        </p>
      )}
      {notes.length > 0 && (
        <ul class="notes" aria-label="What went otherwise than asked">
          {notes.map(({ atMs, text }) => (
            <li key={atMs}>
              <time class="quiet">{formatClock(atMs)}</time> {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

function Fact({ name, hint, children }: FactProps): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {hint !== undefined && <small>{hint}</small>}
      </dd>
    </div>
  );
}
