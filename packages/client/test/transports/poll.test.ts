import { poll } from "../../src/transports/poll.ts";
import { describeConnection } from "../support/describe-connection.ts";

describeConnection(poll, { bytes: "base64", isHeld: false });
