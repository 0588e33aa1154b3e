import { Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { place } from "../live/lab.ts";

/** On a server that is no lab: how one is started; the advice needs none. */
export function StartALab(): JSX.Element {
  const { is } = place.value;
  if (is === "looking") return <Loading what="the lab" />;
  return (
    <section class="lab-measure" id="start" aria-labelledby="start-title">
      <header class="lab-head">
        <h1 id="start-title">Transport lab</h1>
        <p>Choose a transport by what you need, here; and by measurement, in a lab.</p>
      </header>
      <div class="panel prose">
        <h2>Start a lab</h2>
        {is === "away" ? (
          <p role="status">The server does not answer just now. It is tried again by itself.</p>
        ) : (
          <p>
            This server is no lab: nothing that kills servers and cuts networks stands beside your data
            {is === "guarded" && ", and it asks for a credential, which a lab does not"}. A lab is a command
            of its own, on your machine:
          </p>
        )}
        <pre class="command">npx tidings lab --port 8081</pre>
        <p>
          Then open <code>http://127.0.0.1:8081/lab</code>. It starts a server on a temporary folder, a proxy
          that can break, and readers of each transport; all of it is gone when it ends.
        </p>
        <p>There you see, side by side for each transport:</p>
        <ul>
          <li>latency as a distribution, now and since the start</li>
          <li>bytes on the wire, requests and connections</li>
          <li>
            what a cut network, a buffering proxy, a blocked WebSocket and a killed server do: nothing lost,
            nothing twice, and how long it took to come back
          </li>
        </ul>
      </div>
    </section>
  );
}
