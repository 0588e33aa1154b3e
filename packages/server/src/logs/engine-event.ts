/** What is to be known of an engine that keeps a log. */
export type EngineEvent =
  | { readonly type: "lost"; readonly server: string; readonly reason: string }
  | { readonly type: "back"; readonly server: string; readonly awayMs: number }
  | { readonly type: "settings"; readonly server: string; readonly problem: string };
