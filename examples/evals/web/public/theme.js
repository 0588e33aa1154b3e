// The same key as in src/live/theme.ts. A browser that forbids storage has the system's colours.
try {
  document.documentElement.dataset.theme = localStorage.getItem("evals.theme") ?? "system";
} catch {}
