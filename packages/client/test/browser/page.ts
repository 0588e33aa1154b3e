import { connect } from "@tidings/client";
import { openAgent } from "../behaviour/agent.ts";
import type { ClientOptions, Happening, RemoteClient } from "../behaviour/driver.ts";

declare global {
  interface Window {
    openClient(url: string, options: ClientOptions, id: number): RemoteClient;
    /** All that was told; of a page that is being left the test does not hear everything. */
    readonly happened: Happening[];
    /** Of the test. */
    tellTest(happenings: readonly (readonly [id: number, what: Happening])[]): void;
  }
}

// Told together, since each call out of a page is a message to another process.
let untold: [id: number, what: Happening][] = [];

function tellAll(): void {
  const happenings = untold;
  untold = [];
  window.tellTest(happenings);
}

const happened: Happening[] = [];
Object.assign(window, { happened });

window.openClient = (url, options, id) =>
  openAgent(connect, url, options, (what) => {
    happened.push(what);
    if (untold.push([id, what]) === 1) queueMicrotask(tellAll);
  });
