import { Button, Connection, ConnectionBanner, EmptyState, Loading, ThemeButton, Toasts } from "@tidings/ui";
import type { JSX } from "preact";
import { AdvicePart } from "./advice/advice-part.tsx";
import { connection, isOutdated, lab, liveUntil, look, place, results, tidings } from "./live/lab.ts";
import { BrowserPart } from "./parts/browser-part.tsx";
import { ComeBackPart } from "./parts/come-back-part.tsx";
import { FaultNote } from "./parts/fault-note.tsx";
import { ReadersPart } from "./parts/readers-part.tsx";
import { RunPart } from "./parts/run-part.tsx";
import { StartALab } from "./parts/start-a-lab.tsx";
import { SwitchesPart } from "./parts/switches-part.tsx";
import { TargetPart } from "./parts/target-part.tsx";
import { TimelinePart } from "./parts/timeline-part.tsx";

void look();

export function App(): JSX.Element {
  const isLab = place.value.is === "lab";
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <header class="top-bar">
        <a class="brand" href="./" aria-label="Tidings, overview">
          <img src="./assets/icon.svg" alt="" width="22" height="22" />
          <span>Tidings</span>
        </a>
        <nav class="nav" aria-label="On this page">
          <a class="nav-link" href={isLab ? "#measure" : "#start"}>
            Measure
          </a>
          <a class="nav-link" href="#choose">
            Choose
          </a>
        </nav>
        <div class="top-bar-end">
          {isLab && <Connection state={connection.value} />}
          <ThemeButton />
        </div>
      </header>
      {isLab && <Banner />}
      <main id="main" tabIndex={-1}>
        <div class={isLab ? "lab lab-running" : "lab"}>
          <Measure />
          <AdvicePart />
        </div>
      </main>
      <Toasts />
    </>
  );
}

/** What stands above all else: that figures may be old, or of another lab. */
function Banner(): JSX.Element | null {
  if (isOutdated.value)
    return (
      <aside class="banner" aria-label="Connection">
        <p>The lab was started anew. Reload the page, so that it may connect to the new paths.</p>
        <Button onClick={() => location.reload()}>Reload</Button>
      </aside>
    );
  return (
    <ConnectionBanner
      state={connection.value}
      liveUntil={liveUntil.value}
      onRetry={() => tidings.reconnect()}
    />
  );
}

function Measure(): JSX.Element {
  const { is } = place.value;
  if (is !== "lab") return <StartALab />;
  if (lab.value === undefined || results.value === undefined)
    return (
      <section class="lab-measure" id="measure">
        <FaultNote of={["lab.state"]} />
        <Loading what="the lab" />
      </section>
    );
  return (
    <section class="lab-measure" id="measure" aria-labelledby="lab-title">
      <header class="lab-head">
        <h1 id="lab-title">Transport lab</h1>
        <p>
          One publisher sends the same numbered messages to readers on every transport. See how late they
          come, what they cost on the wire, and what happens when the way to the server breaks.
        </p>
      </header>
      <RunPart />
      <SwitchesPart />
      {results.value.run === null ? (
        <div class="panel">
          <EmptyState title="Nothing is measured yet">
            Press <b>Start</b>: a server, a proxy that can break, and readers of each transport run on this
            machine alone. Figures come within two seconds.
          </EmptyState>
        </div>
      ) : (
        <>
          <ReadersPart />
          <ComeBackPart />
          <TimelinePart />
          <BrowserPart />
        </>
      )}
      <TargetPart />
    </section>
  );
}
