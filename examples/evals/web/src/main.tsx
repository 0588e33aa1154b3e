import { render } from "preact";
import { App } from "./app.tsx";
import "@tidings/ui/styles.css";
import "./styles/components.css";
import "./styles/layout.css";
import "./styles/list.css";
import "./styles/run.css";
import "./styles/log.css";
import "./styles/overview.css";

const root = document.querySelector("#app");
if (root === null) throw new Error("index.html has no #app");
render(<App />, root);
