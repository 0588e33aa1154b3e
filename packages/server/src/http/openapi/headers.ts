/** `components.headers`: the headers that answers carry. */
export const headers: Readonly<Record<string, object>> = {
  ETag: header(
    "Of a short poll: what `If-None-Match` is compared with. It says nothing of the channel's head.",
    {
      type: "string",
    },
  ),
  PresenceETag: header("Of the channel's members: what `If-None-Match` is compared with.", {
    type: "string",
  }),
  HeadETag: header("The channel's head cursor in double quotes: what `If-Match` of a publish takes.", {
    type: "string",
  }),
  PreferenceApplied: header("`wait=<seconds>`, where `Prefer` was sent and the poll waits (RFC 7240 §3).", {
    type: "string",
  }),
  RetryAfter: header(
    "Whole seconds after which to try again: 1, for a rate the time until there is room, and up to 3, drawn at random, where many are turned away at once (`DRAINING`, `TOO_MANY_CONNECTIONS`).",
    { type: "integer" },
  ),
  Location: header("The artifact's URL.", { type: "string" }),
  ArtifactETag: header("The artifact's SHA-256 in double quotes: it never changes.", { type: "string" }),
  ReprDigest: header("`sha-256=:…:` of the whole (RFC 9530).", { type: "string" }),
  ContentDisposition: header(
    "`inline` for a short list of types that cannot run script, else `attachment`; with the file's name.",
    { type: "string" },
  ),
  UploadComplete: header("`?1` when it is whole, else `?0`.", { enum: ["?0", "?1"] }),
  UploadOffset: header("How many bytes are there for good.", { type: "integer", minimum: 0 }),
  UploadLength: header("How many it will have, where that was said.", { type: "integer", minimum: 0 }),
  UploadLimit: header(
    "`max-size=…, max-age=…`: bytes of the whole, and seconds that it waits to be gone on with.",
    {
      type: "string",
    },
  ),
  Allow: header("The methods that this URL takes.", { type: "string" }),
  TidingsCursor: header("The channel's head cursor.", { $ref: "#/components/schemas/Cursor" }),
  TidingsEarliest: header("The cursor since which reading begins with the oldest message held.", {
    $ref: "#/components/schemas/Cursor",
  }),
  TidingsMessages: header("How many messages are held.", { type: "integer", minimum: 0 }),
  TidingsBytes: header("Bytes held: payloads and names, and 64 for each message.", {
    type: "integer",
    minimum: 0,
  }),
  TidingsRetention: header(
    "What is kept at most: `messages=…, bytes=…, age-ms=…`; `Infinity` for no bound.",
    {
      type: "string",
    },
  ),
};

function header(description: string, schema: object): object {
  return { description, schema };
}

/** References to some of them, by the name that each has on the wire. */
export function headerRefs(names: Readonly<Record<string, string>>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(names).map(([wire, name]) => [wire, { $ref: `#/components/headers/${name}` }]),
  );
}
