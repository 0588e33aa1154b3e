const counts = new Intl.NumberFormat("en");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 12345 → `12,345`. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** `1 message`, `2 messages`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A length of time in one unit: `3 s`, `2 min`, `5 h`, `4 d`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** 1536 → `1.5 KB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const kilobytes = bytes / 1_000;
  return kilobytes < 1_000 ? `${kilobytes.toFixed(1)} KB` : `${(kilobytes / 1_000).toFixed(1)} MB`;
}

/** The reader's own time of day, to the millisecond; with the date where it is not `now`'s. */
export function formatClock(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  if (Number.isNaN(timeMs)) return "—";
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits);
  const clock = `${hours}:${minutes}:${seconds}`;
  if (time.toDateString() !== new Date(nowMs).toDateString()) {
    return `${months[time.getMonth()]} ${time.getDate()} ${clock}`;
  }
  return `${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
