import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { themeScript } from "@tidings/ui/theme-script";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Each document here is a page of its own. */
const pages = readdirSync(here).filter((name) => name.endsWith(".html"));

export default defineConfig({
  root: here,
  appType: "mpa",
  // The server may be mounted below a path.
  base: "./",
  plugins: [themeScript()],
  // Not for development, whatever NODE_ENV is: each element would tell its file on the machine that built it.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  build: {
    target: "es2023",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // have light-dark(), which so is left as it is
    modulePreload: { polyfill: false },
    // A file each: the policy of the page lets data: in as images alone.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { input: pages.map((name) => join(here, name)) },
  },
  // For `vite` by hand beside a running server: `npx vite packages/dashboard`.
  server: {
    proxy: Object.fromEntries(
      ["/channels", "/connect", "/connections", "/presence", "/admin", "/commands"].map((path) => [
        path,
        { target: "http://127.0.0.1:8080", ws: true, changeOrigin: true },
      ]),
    ),
  },
});
