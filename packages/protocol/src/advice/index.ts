export { advise, type Advice } from "./advise.ts";
export type { Change } from "./changes.ts";
export { allowedOf, applies, completeNeeds, needsWith } from "./check-needs.ts";
export { describeNumber } from "./describe.ts";
export {
  type Need,
  type NeedName,
  NEEDS,
  type Needs,
  type NeedValue,
  type Only,
  type Option,
} from "./needs.ts";
export { RULES, type Ranked, type Reason } from "./rank.ts";
export type { Effect, Rule } from "./rule.ts";
export { type Advised, type Setting, type SettingRule, SETTINGS } from "./settings.ts";
export { TRANSPORT_NAMES, type TransportName, TRANSPORTS } from "./transports.ts";
export { USE_CASES, type UseCase } from "./use-cases.ts";
