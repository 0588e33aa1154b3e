import { useSignal } from "@preact/signals";
import { ConnectionBanner, EmptyState, onKeys, ShortcutsDialog, Toasts } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { SignIn } from "./components/sign-in.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { connection, liveUntil, tidings } from "./live/client.ts";
import { route } from "./live/route.ts";
import { refusal } from "./live/session.ts";
import type { Route } from "./logic/route.ts";
import { to } from "./logic/route.ts";
import { ChannelPage } from "./pages/channel/channel-page.tsx";
import { ChannelsPage } from "./pages/channels/channels-page.tsx";
import { ConfigurationPage } from "./pages/configuration/configuration-page.tsx";
import { ConnectionPage } from "./pages/connections/connection-page.tsx";
import { ConnectionsPage } from "./pages/connections/connections-page.tsx";
import { EventsPage } from "./pages/events/events-page.tsx";
import { NodesPage } from "./pages/nodes/nodes-page.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";

const SHORTCUTS = [
  ["g then o", "overview"],
  ["g then c", "channels"],
  ["g then n", "connections"],
  ["g then d", "nodes"],
  ["g then e", "events"],
  ["g then s", "configuration"],
  ["/", "search, or filter"],
  ["↓ / ↑", "in a list: the next row, the one before"],
  ["Home / End", "in the messages: the first, the last and follow"],
  ["p", "on a channel: pause, go on"],
  ["?", "this help"],
] as const;

export function App(): JSX.Element {
  const isHelping = useSignal(false);
  useEffect(() => {
    const go = (hash: string) => (): void => void (location.hash = hash);
    return onKeys({
      "?": () => (isHelping.value = true),
      "g o": go(to.overview),
      "g c": go(to.channels),
      "g n": go(to.connections),
      "g d": go(to.nodes),
      "g e": go(to.events()),
      "g s": go(to.configuration),
    });
  }, []);
  const refused = refusal.value;
  return (
    <>
      <a
        class="skip-link"
        href="#main"
        onClick={(event) => {
          // The part behind # is the page's own.
          event.preventDefault();
          document.querySelector<HTMLElement>("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <TopBar onHelp={() => (isHelping.value = true)} />
      {refused === undefined && (
        <ConnectionBanner
          state={connection.value}
          liveUntil={liveUntil.value}
          onRetry={() => tidings.reconnect()}
        />
      )}
      <main id="main" tabIndex={-1}>
        {refused === undefined ? <Page route={route.value} /> : <SignIn refusal={refused} />}
      </main>
      <Toasts />
      {isHelping.value && <ShortcutsDialog shortcuts={SHORTCUTS} onClose={() => (isHelping.value = false)} />}
    </>
  );
}

function Page({ route: at }: { readonly route: Route }): JSX.Element {
  switch (at.page) {
    case "overview":
      return <OverviewPage />;
    case "channels":
      return <ChannelsPage search={at.search} />;
    case "channel":
      return <ChannelPage key={at.channel} name={at.channel} />;
    case "connections":
      return <ConnectionsPage key={at.channel} search={at.search} channel={at.channel} />;
    case "connection":
      return <ConnectionPage key={at.connection} id={at.connection} />;
    case "nodes":
      return <NodesPage />;
    case "events":
      return <EventsPage key={`${at.kind} ${at.search}`} search={at.search} kind={at.kind} />;
    case "configuration":
      return <ConfigurationPage />;
    case "nowhere":
      return (
        <EmptyState title="There is no such page" isFault>
          <a href={to.overview}>Go to the overview</a>
        </EmptyState>
      );
    default:
      return at satisfies never;
  }
}
