import { centrifugo } from "./centrifugo.mjs";
import { nchan } from "./nchan.mjs";
import { nodePeers } from "./node-peers.mjs";
import { pushpin } from "./pushpin.mjs";
import { startTidings } from "./tidings.mjs";

export { hello } from "./node-peers.mjs";
export { startTidings };

const tidings = {
  name: "tidings",
  transports: ["ws", "sse", "ndjson", "long-poll"],
  how: "`tidings serve`, its defaults, memory log unless said otherwise",
  missing: () => undefined,
  start: startTidings,
};

/** Everything that fans out, Tidings first. */
export const servers = [tidings, ...nodePeers, nchan, pushpin, centrifugo];
