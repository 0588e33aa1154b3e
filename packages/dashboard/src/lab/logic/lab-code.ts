// The lab's own code, from the server: a reader in this browser is the one that the lab's processes have, so its figures are made
// in the same way, and what the lab tells has one description.
export { Group } from "../../../../server/src/cli/lab/load/group.ts";
export { nowMs } from "../../../../server/src/cli/lab/load/payload.ts";
export type { FaultKind, StartInput } from "../../../../server/src/cli/lab/bounds.ts";
export type {
  Change,
  LabResults,
  LabState,
  Latency,
  Outage,
  Reading,
  RunFigures,
  TransportFigures,
  Wire,
} from "../../../../server/src/cli/lab/shapes.ts";
export type { LabTransport } from "../../../../server/src/cli/lab/transports.ts";
