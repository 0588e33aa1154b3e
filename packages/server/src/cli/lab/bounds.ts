import { z } from "zod";
import { LAB_TRANSPORTS, type LabTransport, READER_TRANSPORTS } from "./transports.ts";

/** What a run may ask for. The lab shares its machine with the browser that shows it. */
export const LAB_BOUNDS = {
  /** Messages a second. */
  minRate: 0.1,
  maxRate: 1_000,
  /** Bytes of a message's payload; below it there is no room for its number and time. */
  minSizeBytes: 64,
  maxSizeBytes: 65_536,
  /** Of one transport. */
  maxReaders: 1_000,
  /** Of all transports together. */
  maxAllReaders: 3_000,
  /** Rate times size, in bytes a second: the log is on disk, in a temporary folder. */
  maxPublishedBytesPerSecond: 4_194_304,
  /** Rate times readers of all transports, a second. */
  maxDeliveriesPerSecond: 20_000,
  /** The same times size, in bytes a second. */
  maxDeliveredBytesPerSecond: 67_108_864,
  /** A run ends by itself after so long, in milliseconds. */
  maxRunMs: 600_000,
  /** And when nobody reads `lab/results` for so long, in milliseconds. */
  unwatchedMs: 60_000,
  /** A killed server is started again by itself after so long, in milliseconds. */
  maxKilledMs: 60_000,
} as const;

/** What a switch does to the path between readers and the server; or to the server itself. */
export const FAULT_KINDS = ["cut", "buffer", "block-websocket", "kill"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
/** Those that befall paths: each transport has its own. */
export type PathFault = Exclude<FaultKind, "kill">;

const READER_NAMES = READER_TRANSPORTS.map(({ name }) => name);

/** The input of `lab.start`. */
export const startInput: z.ZodType<StartInput> = z
  .strictObject({
    rate: z.number().min(LAB_BOUNDS.minRate).max(LAB_BOUNDS.maxRate).default(10),
    size: z.int().min(LAB_BOUNDS.minSizeBytes).max(LAB_BOUNDS.maxSizeBytes).default(256),
    readers: z.int().min(1).max(LAB_BOUNDS.maxReaders).default(10),
    transports: z.array(z.enum(READER_NAMES)).min(1).default(READER_NAMES),
  })
  .transform((input) => ({ ...input, transports: [...new Set(input.transports)] }))
  .superRefine((input, context) => {
    const message = excessOf(input);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

export interface StartInput {
  /** Messages a second. Default 10. */
  readonly rate: number;
  /** Bytes of a message's payload. Default 256. */
  readonly size: number;
  /** Of each transport. Default 10. */
  readonly readers: number;
  /** Default all. */
  readonly transports: readonly LabTransport[];
}

type Load = readonly [what: string, value: number, most: number];

/** What grows with the rate, in words, and how much of it there may be. */
function loadsOf({ rate, size, readers, transports }: StartInput): readonly Load[] {
  const all = readers * transports.length;
  return [
    ["bytes published a second", rate * size, LAB_BOUNDS.maxPublishedBytesPerSecond],
    ["deliveries a second", rate * all, LAB_BOUNDS.maxDeliveriesPerSecond],
    ["bytes delivered a second", rate * all * size, LAB_BOUNDS.maxDeliveredBytesPerSecond],
  ];
}

/** What of it is more than the machine should be asked for, in words. */
function excessOf(input: StartInput): string | undefined {
  const all = input.readers * input.transports.length;
  const loads: readonly Load[] = [
    ["readers of all transports together", all, LAB_BOUNDS.maxAllReaders],
    ...loadsOf(input),
  ];
  const over = loads.find(([, value, most]) => value > most);
  if (over === undefined) return undefined;
  const [what, value, most] = over;
  return `this would be ${Math.round(value)} ${what}; the lab goes up to ${most}. Lower rate, size, readers, or how many transports there are.`;
}

/** `rate`, or where that is out of bounds for these readers and this size, the highest that is not; in messages a second. */
export function withinBounds(input: StartInput): number {
  return input.rate * Math.min(1, ...loadsOf(input).map(([, value, most]) => most / value));
}

export interface FaultInput {
  readonly kind: FaultKind;
  readonly on: boolean;
  /** Default all. Not with `kill`, which there is one of. */
  readonly transports?: readonly LabTransport[] | undefined;
}

/** The input of `lab.fault`. */
export const faultInput: z.ZodType<FaultInput> = z
  .strictObject({
    kind: z.enum(FAULT_KINDS),
    on: z.boolean(),
    transports: z
      .array(z.enum(LAB_TRANSPORTS.map(({ name }) => name)))
      .min(1)
      .optional(),
  })
  .superRefine(({ kind, transports }, context) => {
    if (kind === "kill" && transports !== undefined)
      context.addIssue({
        code: "custom",
        path: ["transports"],
        message: "all transports read from one server; leave transports out with kill",
      });
  });
