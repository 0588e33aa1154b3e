import { Button, Connection, Icon, type IconName, ThemeButton } from "@tidings/ui";
import type { JSX } from "preact";
import { connection } from "../live/client.ts";
import { route } from "../live/route.ts";
import { credential, refusal, signOut } from "../live/session.ts";
import { type Route, to } from "../logic/route.ts";

interface Place {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  readonly pages: readonly Route["page"][];
}

const PLACES: readonly Place[] = [
  { href: to.overview, label: "Overview", icon: "activity", pages: ["overview"] },
  { href: to.channels, label: "Channels", icon: "channels", pages: ["channels", "channel"] },
  { href: to.connections, label: "Connections", icon: "link", pages: ["connections", "connection"] },
  { href: to.nodes, label: "Nodes", icon: "nodes", pages: ["nodes"] },
  { href: to.events(), label: "Events", icon: "alert", pages: ["events"] },
  { href: to.configuration, label: "Config", icon: "sliders", pages: ["configuration"] },
  { href: "./lab", label: "Lab", icon: "flask", pages: [] },
];

/** The name, the places, and what is always in sight: the state of this page's own connection. */
export function TopBar({ onHelp }: { readonly onHelp: () => void }): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href={to.overview} aria-label="Tidings, overview">
        <img src="./assets/icon.svg" alt="" width="22" height="22" />
        <span>Tidings</span>
      </a>
      <nav class="nav" aria-label="Pages">
        {PLACES.map(({ href, label, icon, pages }) => (
          <a
            key={href}
            class="nav-link"
            href={href}
            aria-current={pages.includes(route.value.page) ? "page" : undefined}
          >
            <Icon name={icon} />
            <span>{label}</span>
          </a>
        ))}
      </nav>
      <div class="top-bar-end">
        {refusal.value === undefined && <Connection state={connection.value} />}
        {credential !== undefined && (
          <Button icon="key" label="Forget the credential" look="quiet" onClick={signOut} />
        )}
        <ThemeButton />
        <Button icon="help" label="Keyboard shortcuts" look="quiet" onClick={onHelp} />
      </div>
    </header>
  );
}
