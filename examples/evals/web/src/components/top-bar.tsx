import { Button, Connection, Icon, ThemeButton } from "@tidings/ui";
import type { JSX } from "preact";
import { useLocation } from "preact-iso/router";
import { connection } from "../live/client.ts";
import { isAsking, myName } from "../live/identity.ts";

interface TopBarProps {
  readonly onHelp: () => void;
  readonly onStart: () => void;
}

export function TopBar({ onHelp, onStart }: TopBarProps): JSX.Element {
  const { path } = useLocation();
  const link = (href: string, text: string, isHere: boolean): JSX.Element => (
    <a class="nav-link" href={href} aria-current={isHere ? "page" : undefined}>
      {text}
    </a>
  );
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label="Evaluations, the list of runs">
        <img src="/icon.svg" alt="" width="22" height="22" />
        <span>Evaluations</span>
      </a>
      <nav class="nav" aria-label="Pages">
        {link("/", "Runs", path === "/" || path.startsWith("/runs/"))}
        {link("/overview", "Overview", path === "/overview")}
      </nav>
      <div class="top-bar-end">
        <Connection state={connection.value} />
        <button
          class="button button-quiet who"
          type="button"
          aria-label={myName.value === "" ? "Your name" : `Your name: ${myName.value}`}
          onClick={() => (isAsking.value = true)}
        >
          <Icon name="person" />
          <span class="who-name">{myName.value === "" ? "Your name" : myName.value}</span>
        </button>
        <ThemeButton />
        <Button icon="help" label="Keyboard shortcuts" look="quiet" onClick={onHelp} />
        <Button icon="plus" look="primary" onClick={onStart}>
          New run
        </Button>
      </div>
    </header>
  );
}
