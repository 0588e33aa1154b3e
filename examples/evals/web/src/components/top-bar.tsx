import type { JSX } from "preact";
import { useLocation } from "preact-iso/router";
import { isAsking, myName } from "../live/identity.ts";
import { setTheme, type Theme, theme } from "../live/theme.ts";
import { Button } from "./button.tsx";
import { Connection } from "./connection.tsx";
import { Icon, type IconName } from "./icon.tsx";

interface TopBarProps {
  readonly onHelp: () => void;
  readonly onStart: () => void;
}

const NEXT: Readonly<Record<Theme, { readonly theme: Theme; readonly icon: IconName }>> = {
  system: { theme: "light", icon: "screen" },
  light: { theme: "dark", icon: "sun" },
  dark: { theme: "system", icon: "moon" },
};

export function TopBar({ onHelp, onStart }: TopBarProps): JSX.Element {
  const { path } = useLocation();
  const next = NEXT[theme.value];
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
        <Connection />
        <button
          class="button button-quiet who"
          type="button"
          aria-label={myName.value === "" ? "Your name" : `Your name: ${myName.value}`}
          onClick={() => (isAsking.value = true)}
        >
          <Icon name="person" />
          <span class="who-name">{myName.value === "" ? "Your name" : myName.value}</span>
        </button>
        <Button
          icon={next.icon}
          label={`Colours: ${theme.value}`}
          title={`Colours: ${theme.value}. Change to ${next.theme}`}
          look="quiet"
          onClick={() => setTheme(next.theme)}
        />
        <Button icon="help" label="Keyboard shortcuts" look="quiet" onClick={onHelp} />
        <Button icon="plus" look="primary" onClick={onStart}>
          New run
        </Button>
      </div>
    </header>
  );
}
