import { watchPlatform } from "./core/platform.ts";
import { createRooms } from "./core/rooms.ts";
import { checker } from "./core/schema.ts";
import { createKeeper } from "./core/stores.ts";
import { renewal as renewTokens } from "./core/renewal.ts";
import type { Part } from "./types.ts";

// What the smaller entries leave out, and export for whoever wants it. To applications each is a name alone: what is behind it changes as
// the client does, and its types are not theirs.

/** Presence: `channel.presence`. */
export const presence: Part<"presence"> = createRooms as unknown as Part<"presence">;

/** Kept cursors: the option `cursors`. */
export const cursors: Part<"cursors"> = createKeeper as unknown as Part<"cursors">;

/** Schemas: the option `schema` of a channel. */
export const schemas: Part<"schemas"> = checker as unknown as Part<"schemas">;

/** What the page and the device tell of themselves: network, sleep, visibility. */
export const page: Part<"page"> = watchPlatform as unknown as Part<"page">;

/** Tokens are renewed ahead of their expiry, and the live connection is told. */
export const renewal: Part<"renewal"> = renewTokens as unknown as Part<"renewal">;
