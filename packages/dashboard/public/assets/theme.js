// The same key as in @tidings/ui, src/live/theme.ts.
document.documentElement.dataset.theme = localStorage.getItem("tidings.theme") ?? "system";
