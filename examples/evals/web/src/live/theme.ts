import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { keep, readKept } from "./storage.ts";

const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "evals.theme";
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

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Whether the screen has room for two columns: the same width as in `styles/run.css`. */
const wide = matchMedia("(min-width: 1080px)");
export const isWide: Signal<boolean> = signal(wide.matches);
wide.addEventListener("change", ({ matches }) => (isWide.value = matches));
