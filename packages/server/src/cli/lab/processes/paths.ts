import { type FaultProxy, faultProxy, type Injected } from "@tidings/fault-proxy";
import type { PathFault } from "../bounds.ts";
import type { Wire } from "../shapes.ts";

/** The way from clients to the server: one for each port. */
export class Path {
  readonly #proxy: FaultProxy;
  readonly #faults = new Map<PathFault, Injected | undefined>();

  static async open(target: string, port: number): Promise<Path> {
    return new Path(await faultProxy(target, { port, isRecording: false }));
  }

  private constructor(proxy: FaultProxy) {
    this.#proxy = proxy;
  }

  async throw(kind: PathFault): Promise<void> {
    if (this.#faults.has(kind)) return;
    this.#faults.set(kind, undefined);
    switch (kind) {
      case "cut":
        await this.#proxy.goAway();
        return;
      case "buffer":
        this.#faults.set(kind, this.#proxy.inject({ kind: "buffer" }));
        return;
      case "block-websocket":
        this.#faults.set(kind, this.#proxy.inject({ kind: "refuse-upgrades", status: 403 }));
        // A box that begins to block ends what it finds open.
        this.#proxy.inject({ kind: "cut", how: "reset" }, { on: "open", only: "upgrades" }).lift();
    }
  }

  async lift(kind: PathFault): Promise<void> {
    if (!this.#faults.has(kind)) return;
    this.#faults.get(kind)?.lift();
    this.#faults.delete(kind);
    if (kind === "cut") await this.#proxy.comeBack();
  }

  wire(): Wire {
    const { upBytes, downBytes, requests, connections } = this.#proxy.totals;
    const { connections: open } = this.#proxy;
    return { upBytes, downBytes, requests, connections: { open, opened: connections } };
  }
}
