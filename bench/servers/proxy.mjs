// The lab's fault proxy in a process of its own, as the lab starts it. `node proxy.mjs TARGET` answers its port.
import { faultProxy } from "@tidings/fault-proxy";
import { answer } from "../lib/child.mjs";

const proxy = await faultProxy(process.argv[2], { isRecording: false });

answer({ port: () => proxy.port });
