import type { StreamFrame } from "@tidings/protocol";
import type { Wanted } from "../core/transport.ts";
import type { TransportName } from "../types.ts";

/** What tabs of one origin tell each other: those that follow, and the one that leads and holds the connection. */
export type TabMessage =
  /** A tab follows, under a name that it holds a lock of for as long as it does. Said again and again: it is answered each time. */
  | { readonly type: "hello"; readonly tab: string }
  /** What it reads of these channels from now on. */
  | {
      readonly type: "change";
      readonly tab: string;
      readonly changes: ReadonlyMap<string, Wanted | undefined>;
    }
  /** The answer to `hello`, from the one that leads. */
  | { readonly type: "welcome"; readonly tab: string; readonly transport: TransportName | undefined }
  /** What one turn has brought, each for some of the tabs. */
  | { readonly type: "frames"; readonly frames: readonly FrameFor[] }
  /** To all, from the one that leads: it does so from now on, or not any more, or its connection is lost. */
  | { readonly type: "lost" };

type FrameFor = readonly [tabs: readonly string[], frame: StreamFrame];
