import type { JSX } from "preact";
import { setTheme, type Theme, theme } from "../live/theme.ts";
import { Button } from "./button.tsx";
import type { IconName } from "./icon.tsx";

const NEXT: Readonly<Record<Theme, { readonly theme: Theme; readonly icon: IconName }>> = {
  system: { theme: "light", icon: "screen" },
  light: { theme: "dark", icon: "sun" },
  dark: { theme: "system", icon: "moon" },
};

/** The colours: the system's, light, dark, one after the other. */
export function ThemeButton(): JSX.Element {
  const next = NEXT[theme.value];
  return (
    <Button
      icon={next.icon}
      label={`Colours: ${theme.value}`}
      title={`Colours: ${theme.value}. Change to ${next.theme}`}
      look="quiet"
      onClick={() => setTheme(next.theme)}
    />
  );
}
