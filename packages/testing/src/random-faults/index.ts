export { planFaults, type Step, type Target } from "./plan.ts";
export { makeTrouble, type TroublemakerOptions } from "./troublemaker.ts";
