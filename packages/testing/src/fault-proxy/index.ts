export { type FaultProxy, faultProxy } from "./fault-proxy.ts";
export type { CutHow, Fault, Injected, InjectOptions, Only, ProxiedRequest } from "./faults.ts";
