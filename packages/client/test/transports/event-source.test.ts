import { eventSource } from "../../src/transports/event-source.ts";
import { describeConnection } from "../support/describe-connection.ts";
import { installEventSource } from "../support/event-source.ts";

installEventSource();
describeConnection(eventSource, { bytes: "base64", isHeld: true, maxLongNames: 40 });
