import { ndjson } from "../../src/transports/ndjson.ts";
import { describeConnection } from "../support/describe-connection.ts";

describeConnection(ndjson, { bytes: "base64", isHeld: true });
