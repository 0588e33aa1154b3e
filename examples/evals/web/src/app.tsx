import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso/router";
import { ConnectionBanner } from "./components/connection.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { Guard } from "./components/guard.tsx";
import { HelpDialog } from "./components/help-dialog.tsx";
import { NameDialog } from "./components/name-dialog.tsx";
import { Toasts } from "./components/toasts.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { onKeys } from "./keys.ts";
import { isAsking } from "./live/identity.ts";
import { ListPage } from "./pages/list/list-page.tsx";
import { NewRunDialog } from "./pages/list/new-run-dialog.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { RunPage } from "./pages/run/run-page.tsx";

/** Milliseconds between the two keys of `g l`. */
const CHORD_MS = 1_000;

export function App(): JSX.Element {
  return (
    <LocationProvider>
      <Shell />
    </LocationProvider>
  );
}

function Shell(): JSX.Element {
  const { route, path } = useLocation();
  const isHelping = useSignal(false);
  const isStarting = useSignal(false);
  useEffect(() => {
    let chordUntil = 0;
    const chord = (to: string) => (): void => {
      if (Date.now() < chordUntil) route(to);
    };
    return onKeys({
      "?": () => (isHelping.value = true),
      n: () => (isStarting.value = true),
      g: () => (chordUntil = Date.now() + CHORD_MS),
      l: chord("/"),
      o: chord("/overview"),
    });
  }, [route]);
  const shownPath = useRef(path);
  useEffect(() => {
    if (shownPath.current === path) return;
    shownPath.current = path;
    // Another page: who reads it with a keyboard or a screen reader begins at its beginning.
    const main = document.querySelector<HTMLElement>("#main");
    if (main?.contains(document.activeElement) !== true || document.activeElement === main)
      main?.focus({ preventScroll: true });
  }, [path]);
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <TopBar onHelp={() => (isHelping.value = true)} onStart={() => (isStarting.value = true)} />
      <ConnectionBanner />
      <main id="main" tabIndex={-1}>
        <Guard key={path}>
          <Router>
            <Route path="/" component={ListPage} />
            <Route path="/overview" component={OverviewPage} />
            <Route path="/runs/:id" component={RunPage} />
            <Route default component={NotFound} />
          </Router>
        </Guard>
      </main>
      <Toasts />
      {isHelping.value && <HelpDialog onClose={() => (isHelping.value = false)} />}
      {isStarting.value && <NewRunDialog onClose={() => (isStarting.value = false)} />}
      {isAsking.value && <NameDialog onClose={() => (isAsking.value = false)} />}
    </>
  );
}

function NotFound(): JSX.Element {
  return (
    <EmptyState title="There is no such page" isFault>
      <a href="/">Go to the list of runs</a>
    </EmptyState>
  );
}
