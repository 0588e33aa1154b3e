import { type GrantLists, Grants, RIGHTS } from "@tidings/core";
import { z } from "zod";

/** Most patterns that one credential may have for a right: each is looked at for each channel that is asked for. */
export const MAX_PATTERNS = 256;

const patterns = z.array(z.string().max(255)).max(MAX_PATTERNS).optional();

/** Grants as a token's `tidings` claim, a key, or the application's own say has them. */
export const grantLists: z.ZodType<GrantLists> = z.strictObject(
  Object.fromEntries(RIGHTS.map((right) => [right, patterns])),
);

/**
 * Reads grants from outside. Answers what is wrong with them as text that names the place, and never what was found there.
 */
export function readGrants(value: unknown): Grants | { readonly wrong: string } {
  const read = grantLists.safeParse(value ?? {});
  if (!read.success) {
    const [issue] = read.error.issues;
    const at = issue?.path.join(".") ?? "";
    const keys = issue?.code === "unrecognized_keys" ? ` (${issue.keys.length} unknown)` : "";
    return {
      wrong: `${at === "" ? "it" : at} is not lists of patterns by right: ${RIGHTS.join(", ")}${keys}`,
    };
  }
  try {
    return Grants.of(read.data);
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}
