export {
  type Access,
  checkGrant,
  checkHolder,
  mayOf,
  OPEN_ACCESS,
  type Visitor,
  whyNarrowed,
} from "./access.ts";
export type { AuthCallback } from "./callback.ts";
export { credentialOf } from "./credential.ts";
export { forbidden, unauthenticated } from "./faults.ts";
export { Gate } from "./gate.ts";
export { type Identity, isSomebody } from "./identity.ts";
export type { AuthOptions, JwtKey, JwtKeySet, JwtPublicKey, JwtSecret } from "./options.ts";
export { type Revocation, Revocations, REVOCATIONS_POLICY } from "./revocations.ts";
export type { Answer, Ask, Question, SayOptions } from "./say.ts";
export { type Session, Sessions } from "./sessions.ts";
export { readIdentity, tellIdentity } from "./told-identity.ts";
