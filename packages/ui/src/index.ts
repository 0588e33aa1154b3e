export { Age, Countdown, Elapsed } from "./components/age.tsx";
export { Badge, Status, type Tone } from "./components/badge.tsx";
export { Button } from "./components/button.tsx";
export { Connection, ConnectionBanner, transportName } from "./components/connection.tsx";
export { Dialog } from "./components/dialog.tsx";
export { EmptyState, Loading } from "./components/empty-state.tsx";
export { Field, type FieldIds } from "./components/field.tsx";
export { Guard } from "./components/guard.tsx";
export { Icon, type IconName } from "./components/icon.tsx";
export { JsonTree } from "./components/json-tree.tsx";
export { Meter } from "./components/meter.tsx";
export { SearchBox } from "./components/search-box.tsx";
export { type Segment, Segments } from "./components/segments.tsx";
export { ShortcutsDialog } from "./components/shortcuts-dialog.tsx";
export { type Tab, Tabs } from "./components/tabs.tsx";
export { ThemeButton } from "./components/theme-button.tsx";
export { Toasts } from "./components/toasts.tsx";
export { VirtualList } from "./list/virtual-list.tsx";
export { now } from "./live/clock.ts";
export { onceAFrame } from "./live/frame.ts";
export { onKeys } from "./live/keys.ts";
export { keep, readKept } from "./live/storage.ts";
export { isDark, setTheme, type Theme, theme } from "./live/theme.ts";
export { attempt, dismiss, say } from "./live/toasts.ts";
export {
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatMoment,
  formatMs,
  formatShort,
  formatValue,
  plural,
} from "./logic/format.ts";
export { MAX_SCROLL_HEIGHT, ScrollScale } from "./logic/scroll-scale.ts";
