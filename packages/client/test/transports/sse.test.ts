import { sse } from "../../src/transports/sse.ts";
import { describeConnection } from "../support/describe-connection.ts";

describeConnection(sse, { bytes: "base64", isHeld: true });
