import { compileCommandPattern, compilePattern } from "@tidings/protocol";
// Not by the room's index: the command line starts without the server.
import { keyOfSecret } from "../commands/index.ts";
import { isNetwork } from "../http/address.ts";
import { isNatsUrl, NATS_URL_FORM, type NatsUrl, parseNatsUrl } from "../logs/nats-url.ts";
import { isRedisUrl, parseRedisUrl, REDIS_URL_FORM, type RedisUrl } from "../logs/redis-url.ts";
import { parseDuration, parseSize, parseWhole } from "./units.ts";

/** One field's check: what a value means, or `undefined` where it is not allowed; and the words for what is. */
export interface ValueType<T> {
  /** Completes the sentence "it must be …". */
  readonly allowed: string;
  parse(value: unknown): T | undefined;
}

const MIB = 1_048_576;

export function count(min: number, max: number, note = ""): ValueType<number> {
  return {
    allowed: `a whole number from ${group(min)} to ${group(max)}${note}`,
    parse: (value) => within(parseWhole(value), min, max),
  };
}

/** Bytes. */
export function size(max: number, min: 0 | 1 = 1): ValueType<number> {
  const most = max >= MIB ? `${group(max / MIB)} MiB` : `${group(max)} bytes`;
  return {
    allowed: `a size from ${min === 0 ? "0 bytes" : "1 byte"} to ${most}: a whole number of bytes, or such as "64KiB" or "2MiB"`,
    parse: (value) => within(parseSize(value), min, max),
  };
}

/** Milliseconds. */
export function duration(min: number, max: number, mostInWords: string): ValueType<number> {
  return {
    allowed: `a time from ${min} ms to ${mostInWords}: a whole number of milliseconds, or such as "500ms", "25s" or "10m"`,
    parse: (value) => within(parseDuration(value), min, max),
  };
}

/** As another type, with `null` or `"Infinity"` for no bound. */
export function orUnlimited(type: ValueType<number>): ValueType<number> {
  return {
    allowed: `${type.allowed}; null or "Infinity" for no bound`,
    parse: (value) =>
      value === null || value === "Infinity" || value === Number.POSITIVE_INFINITY
        ? Number.POSITIVE_INFINITY
        : type.parse(value),
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): ValueType<T> {
  return {
    allowed: choices.map((choice) => JSON.stringify(choice)).join(" or "),
    parse: (value) => choices.find((choice) => choice === value),
  };
}

export const yesOrNo: ValueType<boolean> = {
  allowed: "true or false",
  parse: (value) => (typeof value === "boolean" ? value : undefined),
};

/** As another type, with `"auto"` for what fits the machine. */
export function orAuto<T>(type: ValueType<T>): ValueType<T | "auto"> {
  return {
    allowed: `${type.allowed}, or "auto"`,
    parse: (value) => (value === "auto" ? value : type.parse(value)),
  };
}

/** As another type, with `null` for none. */
export function orNone<T>(type: ValueType<T>): ValueType<T | null> {
  return {
    allowed: `${type.allowed}; null for none`,
    parse: (value) => (value === null ? null : type.parse(value)),
  };
}

export const shortText: ValueType<string> = {
  allowed: "a text of 1 to 255 characters",
  parse: (value) => (typeof value === "string" && value !== "" && value.length <= 255 ? value : undefined),
};

export const folderPath: ValueType<string> = {
  allowed: "the path of a folder",
  parse: (value) => (typeof value === "string" && value !== "" && !value.includes("\0") ? value : undefined),
};

export const filePath: ValueType<string> = { ...folderPath, allowed: "the path of a file" };

/** What `listen` takes: a name or an address, without brackets. */
export const listenHost: ValueType<string> = {
  allowed: 'a host name or an IP address without a port, such as "127.0.0.1", "::1" or "0.0.0.0"',
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    const bare = value.replace(/^\[(.*)\]$/, "$1");
    return /^[A-Za-z0-9.-]{1,253}$|^[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9]{1,16})?$/.test(bare)
      ? bare
      : undefined;
  },
};

/** A name as a `Host` header has it, with or without the port; lower case, since host names do not differ by it. */
export const hostName: ValueType<string> = {
  allowed: 'a host name without scheme, such as "live.example" or "live.example:8443"',
  parse: (value) =>
    typeof value === "string" && /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(value)
      ? value.toLowerCase()
      : undefined,
};

export const network: ValueType<string> = {
  allowed: 'an IP address or network, such as "10.0.0.5", "10.0.0.0/8" or "fd00::/8"',
  parse: (value) => (typeof value === "string" && isNetwork(value) ? value : undefined),
};

/** A web origin as browsers send it (RFC 6454 §6.1), or `*`. */
export const origin: ValueType<string> = {
  allowed: 'an origin without path, such as "https://app.example", or "*" for all',
  parse: (value) => {
    if (value === "*") return value;
    if (typeof value !== "string" || !URL.canParse(value)) return undefined;
    const url = new URL(value);
    // A slash at the end is what people paste; anything more would never equal an Origin header.
    return url.origin !== "null" && (value === url.origin || value === `${url.origin}/`)
      ? url.origin
      : undefined;
  },
};

export const channelPattern: ValueType<string> = {
  allowed:
    'a channel pattern: segments parted by slashes, "*" for one, a last "**" for the rest, such as "evals/**"',
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    try {
      compilePattern(value);
      return value;
    } catch {
      return undefined;
    }
  },
};

export const commandPattern: ValueType<string> = {
  allowed:
    'a pattern of command names: segments parted by dots, "*" for one, a last "**" for the rest, such as "evals.*"',
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    try {
      compileCommandPattern(value);
      return value;
    } catch {
      return undefined;
    }
  },
};

export const backendUrl: ValueType<string> = {
  allowed: 'an http or https URL without a credential, such as "http://127.0.0.1:9000/tidings"',
  parse: (value) => {
    if (typeof value !== "string" || !URL.canParse(value)) return undefined;
    const { protocol, username, password, hash } = new URL(value);
    return /^https?:$/.test(protocol) && username + password + hash === "" ? value : undefined;
  },
};

/** Not resolved here: what is printed of it is the variable's name. */
export const commandSecret: ValueType<string> = {
  allowed:
    '"whsec_" and 16 to 128 bytes as base64, or "env:" and the name of a variable that holds such a secret',
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    return /^env:[A-Za-z_][A-Za-z0-9_]*$/.test(value) || keyOfSecret(value, {}) !== undefined
      ? value
      : undefined;
  },
};

/** Belongs to the key: what a token says of it must be the same (RFC 8725 §3.1). */
export const jwtAlgorithm: ValueType<"HS256" | "RS256" | "ES256" | "EdDSA"> = {
  allowed:
    '"HS256" or "RS256" or "ES256" or "EdDSA"; with "none" anyone could write a token, so it is not among them',
  parse: (value) => oneOf("HS256", "RS256", "ES256", "EdDSA").parse(value),
};

/** Its length is looked at once its variable is known. */
export const jwtSecret: ValueType<string> = {
  allowed: 'a text of at least 32 bytes; or "base64:" and such bytes, or "env:" and the name of a variable',
  // What begins as a name and is none is a slip, and not a secret: it would be printed.
  parse: (value) =>
    typeof value === "string" && value !== "" && /^(?!env:)|^env:[A-Za-z_][A-Za-z0-9_]*$/.test(value)
      ? value
      : undefined,
};

export const publicKey: ValueType<string> = {
  allowed: "the path of a PEM file with a public key or certificate; or the PEM itself",
  parse: (value) => filePath.parse(value),
};

/** RFC 9110 §5.1. */
export const headerName: ValueType<string> = {
  allowed: "the name of a header",
  parse: (value) =>
    typeof value === "string" && /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}$/.test(value) ? value : undefined,
};

/** A cookie's name is a token (RFC 6265 §4.1.1). */
export const cookieName: ValueType<string> = {
  allowed: 'the name of a cookie, such as "__Host-tidings"',
  parse: (value) =>
    typeof value === "string" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(value) ? value : undefined,
};

/** The others are named, so that the answer is not "unknown". */
export const logKind: ValueType<"lmdb" | "memory" | RedisUrl | NatsUrl> = {
  allowed:
    `"lmdb" or "memory", or where Redis or NATS is: ${REDIS_URL_FORM}; or ${NATS_URL_FORM}; ` +
    "a log on Kafka is not in this version",
  parse: (value) => {
    try {
      if (typeof value !== "string") return undefined;
      if (isRedisUrl(value)) {
        parseRedisUrl(value);
        return value;
      }
      if (isNatsUrl(value)) {
        parseNatsUrl(value);
        return value;
      }
      return oneOf("lmdb", "memory").parse(value);
    } catch {
      return undefined;
    }
  },
};

export const redisPrefix: ValueType<string> = {
  allowed: 'a text of 1 to 64 characters: letters, digits, ".", "_", ":" and "-"',
  // Braces would say which server of a cluster has a key.
  parse: (value) => (typeof value === "string" && /^[A-Za-z0-9._:-]{1,64}$/.test(value) ? value : undefined),
};

export const natsPrefix: ValueType<string> = {
  allowed: 'a text of 1 to 32 characters: letters, digits, "_" and "-"',
  // It is a stream's name, and one part of a subject.
  parse: (value) => (typeof value === "string" && /^[A-Za-z0-9_-]{1,32}$/.test(value) ? value : undefined),
};

export const nodeName: ValueType<string> = {
  allowed: 'a text of 1 to 64 characters: letters, digits, ".", "_", ":" and "-"',
  parse: (value) => (typeof value === "string" && /^[A-Za-z0-9._:-]{1,64}$/.test(value) ? value : undefined),
};

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function group(value: number): string {
  return value.toLocaleString("en-US");
}
