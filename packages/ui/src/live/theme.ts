import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { keep, readKept } from "./storage.ts";

const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The same as in `theme-script.mjs`. */
const KEY = "tidings.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(system.matches);
system.addEventListener("change", ({ matches }) => (isSystemDark.value = matches));

export const theme: Signal<Theme> = signal(THEMES.find((name) => name === readKept(KEY)) ?? "system");
export const isDark: ReadonlySignal<boolean> = computed(() =>
  theme.value === "system" ? isSystemDark.value : theme.value === "dark",
);

export function setTheme(name: Theme): void {
  theme.value = name;
  keep(KEY, name);
}

/** What `theme.js` has set before the first paint, from then on as it is chosen. */
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
