import { render } from "preact";
import { App } from "./app.tsx";
import "@tidings/ui/styles.css";
import "./styles/shell.css";
import "./styles/overview.css";
import "./styles/channel.css";
import "./styles/lists.css";

const root = document.querySelector("#app");
if (root === null) throw new Error("index.html has no #app");
render(<App />, root);
