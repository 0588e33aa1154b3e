import { compilePattern, DEFAULT_LIMITS } from "@tidings/protocol";
import { DEFAULT_RETENTION, type Retention } from "./log.ts";

/** What holds for the channels that a pattern names. */
export interface Policy {
  /** `*` one segment, a last `**` the rest. */
  readonly pattern: string;
  readonly retention?: Partial<Retention>;
  /** Largest payload, in bytes. Default, and at most, the server's `maxMessageBytes`. */
  readonly maxMessageBytes?: number;
  /** Who may publish: `anyone` who reaches the server (default), or only the `server` itself, through the library. */
  readonly publish?: "anyone" | "server";
  /** Largest payload that travels inline where its publisher does not ask for more, in bytes. Default: the server's `inlineBytes`. */
  readonly inlineBytes?: number;
  /** Largest payload that is stored, and sent as a URL and a preview, in bytes; 0 refuses what is too large to travel. Default: the server's. */
  readonly maxArtifactBytes?: number;
  /** Whether messages have keys, and the log keeps the newest of each for as long as its key is not deleted. Default false. */
  readonly compact?: boolean;
  /** Whether a reader that was slow gets only the newest message of each key, of ephemeral ones too. Default false. */
  readonly conflate?: boolean;
  /** Whether connections may join the channel's presence. Default true. */
  readonly presence?: boolean;
  /** Whether messages are only passed on and never kept: a publish that is not ephemeral is refused. Default false. */
  readonly ephemeralOnly?: boolean;
}

export type ResolvedPolicy = Required<Omit<Policy, "retention">> & { readonly retention: Retention };

/** How many channels' policies are remembered. Beyond it all are forgotten at once: matching again is cheap. */
const MAX_KNOWN = 10_000;

/** Finds the policy of a channel: the first whose pattern matches, else the defaults. */
export class Policies {
  readonly #rules: readonly {
    readonly matches: (channel: string) => boolean;
    readonly policy: ResolvedPolicy;
  }[];
  readonly #fallback: ResolvedPolicy;
  readonly #known = new Map<string, ResolvedPolicy>();

  /** @throws {TidingsError} `CONFIG_INVALID` for a pattern that is none */
  constructor(
    policies: readonly Policy[],
    defaults: {
      readonly maxMessageBytes: number;
      /** Default 100,000. */
      readonly inlineBytes?: number;
      /** Default 5 GiB. */
      readonly maxArtifactBytes?: number;
      readonly retention?: Partial<Retention>;
    },
  ) {
    const resolve = (policy: Policy): ResolvedPolicy => ({
      pattern: policy.pattern,
      retention: {
        ...DEFAULT_RETENTION,
        ...defaults.retention,
        ...policy.retention,
        ...(policy.compact === true ? { compact: true } : {}),
      },
      maxMessageBytes: Math.min(policy.maxMessageBytes ?? Infinity, defaults.maxMessageBytes),
      publish: policy.publish ?? "anyone",
      ephemeralOnly: policy.ephemeralOnly ?? false,
      inlineBytes: policy.inlineBytes ?? defaults.inlineBytes ?? DEFAULT_LIMITS.inlineBytes,
      maxArtifactBytes: Math.min(
        policy.maxArtifactBytes ?? Infinity,
        defaults.maxArtifactBytes ?? DEFAULT_LIMITS.maxArtifactBytes,
      ),
      compact: policy.compact ?? false,
      conflate: policy.conflate ?? false,
      presence: policy.presence ?? true,
    });
    this.#rules = policies.map((policy) => ({
      matches: compilePattern(policy.pattern),
      policy: resolve(policy),
    }));
    this.#fallback = resolve({ pattern: "**" });
  }

  of(channel: string): ResolvedPolicy {
    const known = this.#known.get(channel);
    if (known !== undefined) return known;
    const policy = this.#rules.find((rule) => rule.matches(channel))?.policy ?? this.#fallback;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(channel, policy);
    return policy;
  }
}
