export { type FaultProxy, faultProxy, type FaultProxyOptions, type Totals } from "./fault-proxy.ts";
export type { CutHow, Direction, Fault, Injected, InjectOptions, Only, ProxiedRequest } from "./faults.ts";
export { ownPort } from "./own-port.ts";
