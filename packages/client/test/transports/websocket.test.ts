import { webSocket } from "../../src/transports/websocket.ts";
import { describeConnection } from "../support/describe-connection.ts";

describeConnection(webSocket, { bytes: "base64", isHeld: true });
