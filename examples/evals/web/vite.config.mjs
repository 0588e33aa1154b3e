import { themeScript } from "@tidings/ui/theme-script";
import { defineConfig } from "vite";

export default defineConfig({
  appType: "spa",
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
  },
  // For `vite` by hand beside a running platform.
  server: {
    proxy: { "/api": "http://127.0.0.1:8090", "/tidings": { target: "http://127.0.0.1:8090", ws: true } },
  },
});
