// The same key as in src/live/theme.ts.
document.documentElement.dataset.theme = localStorage.getItem("evals.theme") ?? "system";
