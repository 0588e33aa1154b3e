import { describeTransport, ndjsonDriver, pollDriver, sseDriver } from "@tidings/testing";
import { LOGS } from "../../support/logs.ts";

// How the request is read has nothing to do with the log: one of them is enough.
const [log] = LOGS.filter(({ name }) => name === "memory");
if (log === undefined) throw new Error("there is no log in memory");
const isPosted = { isMulti: true, isPosted: true };

describeTransport(sseDriver(isPosted), log);
describeTransport(sseDriver({ ...isPosted, isGzip: true }), log);
describeTransport(ndjsonDriver(isPosted), log);
describeTransport(pollDriver({ ...isPosted, waits: true }), log);
describeTransport(pollDriver({ ...isPosted, waits: false }), log);
describeTransport(pollDriver({ ...isPosted, waits: true, isLines: true }), log);
describeTransport(pollDriver({ ...isPosted, waits: false, isLines: true }), log);
