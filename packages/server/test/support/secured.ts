import type { AuthOptions } from "../../src/auth/index.ts";
import type { TidingsOptions } from "../../src/create/options.ts";
import { HS256, mint } from "../auth/support.ts";
import { openServer, type TestServer } from "./logs.ts";

/** A server that asks who comes in, by tokens of {@link mint}. */
export async function openSecured(auth: AuthOptions = {}, options: TidingsOptions = {}): Promise<TestServer> {
  return openServer({ ...options, auth: { jwt: [HS256], ...auth } });
}

/** The header of a token that grants this. */
export async function bearer(grants: object, subject?: string): Promise<{ readonly authorization: string }> {
  return { authorization: `Bearer ${await mint(grants, { sub: subject })}` };
}
