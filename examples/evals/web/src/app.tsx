import { useSignal } from "@preact/signals";
import { ConnectionBanner, EmptyState, Guard, onKeys, ShortcutsDialog, Toasts } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso/router";
import { NameDialog } from "./components/name-dialog.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { connection, liveUntil, tidings } from "./live/client.ts";
import { isAsking } from "./live/identity.ts";
import { ListPage } from "./pages/list/list-page.tsx";
import { NewRunDialog } from "./pages/list/new-run-dialog.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { RunPage } from "./pages/run/run-page.tsx";
import { SHORTCUTS } from "./shortcuts.ts";

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
    return onKeys({
      "?": () => (isHelping.value = true),
      n: () => (isStarting.value = true),
      "g l": () => route("/"),
      "g o": () => route("/overview"),
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
      <ConnectionBanner
        state={connection.value}
        liveUntil={liveUntil.value}
        onRetry={() => tidings.reconnect()}
      />
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
      {isHelping.value && <ShortcutsDialog shortcuts={SHORTCUTS} onClose={() => (isHelping.value = false)} />}
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
