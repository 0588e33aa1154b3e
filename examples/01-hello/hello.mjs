// Publishes two messages and reads them: `node examples/01-hello/hello.mjs [URL of the server]`
import { connect } from "@tidings/client";

const tidings = connect(process.argv[2] ?? "http://127.0.0.1:8080");
const hello = tidings.channel("examples/hello");
await hello.publish("greeting", "hello");
await hello.publish("greeting", "world");

for await (const { data, cursor } of hello.messages({ last: 2 })) {
  console.log(data, cursor);
  if (data === "world") break;
}
tidings.close();
