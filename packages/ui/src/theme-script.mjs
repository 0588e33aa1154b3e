const PATH = "assets/theme.js";
/** The same key as in live/theme.ts. A browser that forbids storage has the system's colours. */
const SCRIPT = `try {
  document.documentElement.dataset.theme = localStorage.getItem("tidings.theme") ?? "system";
} catch {}
`;

/**
 * Gives pages that Vite builds `assets/theme.js`: the chosen colours before the first paint. It is a script of its own, which their
 * documents name, since a page's policy lets none in within it.
 *
 * @returns {import("vite").Plugin}
 */
export function themeScript() {
  return {
    name: "tidings-theme-script",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: PATH, source: SCRIPT });
    },
    // For `vite` by hand, which builds nothing.
    configureServer({ middlewares }) {
      middlewares.use(`/${PATH}`, (_, response) => {
        response.setHeader("Content-Type", "text/javascript");
        response.end(SCRIPT);
      });
    },
  };
}
