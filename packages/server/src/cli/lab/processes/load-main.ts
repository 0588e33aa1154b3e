import { Load, type LoadPlan, type LoadReport } from "../load/load.ts";
import type { FaultKind } from "../bounds.ts";
import type { LabTransport } from "../transports.ts";
import { answer } from "./answer.ts";

/** What the load's process answers. */
export interface LoadCalls {
  open(plan: LoadPlan): Promise<void>;
  publish(rate: number): void;
  forget(): void;
  mark(kind: FaultKind, isOn: boolean, transports: readonly LabTransport[]): void;
  report(): LoadReport;
  hurry(): void;
  settle(withinMs: number): Promise<void>;
}

let load: Load | undefined;

function opened(): Load {
  if (load === undefined) throw new Error("the load was not opened.");
  return load;
}

answer<LoadCalls>({
  async open(plan) {
    load = new Load(plan);
    await load.open();
  },
  publish: (rate) => opened().publish(rate),
  forget: () => opened().forget(),
  mark: (kind, isOn, transports) => opened().mark(kind, isOn, transports),
  report: () => opened().report(),
  hurry: () => opened().hurry(),
  settle: async (withinMs) => opened().settle(withinMs),
});
