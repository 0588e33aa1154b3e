import { longPoll } from "../../src/transports/poll.ts";
import { describeConnection } from "../support/describe-connection.ts";

describeConnection(longPoll, { bytes: "base64", isHeld: true });
