import type { PathFault } from "../bounds.ts";
import type { Usage, Wire } from "../shapes.ts";
import { answer } from "./answer.ts";
import { Path } from "./paths.ts";
import { UsageMeter } from "./usage.ts";

export interface PathsPlan {
  /** The server's URL. */
  readonly target: string;
  /** By a name of the lab's choice. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What the process of the paths answers. */
export interface PathsCalls {
  open(plan: PathsPlan): Promise<void>;
  /** Throws or lifts a fault of these; resolves once it is at work, or over. */
  fault(kind: PathFault, isOn: boolean, names: readonly string[]): Promise<void>;
  report(): { readonly wires: Readonly<Record<string, Wire>>; readonly usage: Usage };
}

const paths = new Map<string, Path>();
const usage = new UsageMeter();

answer<PathsCalls>({
  async open({ target, ports }) {
    for (const [name, port] of Object.entries(ports)) paths.set(name, await Path.open(target, port));
  },
  async fault(kind, isOn, names) {
    const chosen = names.flatMap((name) => paths.get(name) ?? []);
    await Promise.all(chosen.map(async (path) => (isOn ? path.throw(kind) : path.lift(kind))));
  },
  report: () => ({
    wires: Object.fromEntries([...paths].map(([name, path]) => [name, path.wire()])),
    usage: usage.read(),
  }),
});
