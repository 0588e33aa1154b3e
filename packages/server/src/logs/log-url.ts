import { isNatsUrl, shownNatsUrl } from "./nats-url.ts";
import { shownRedisUrl } from "./redis-url.ts";

/** Where a log is, as it may be shown: without passwords and tokens. */
export function shownLogUrl(log: string): string {
  return isNatsUrl(log) ? shownNatsUrl(log) : shownRedisUrl(log);
}
