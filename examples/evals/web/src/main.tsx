import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/layout.css";
import "./styles/list.css";
import "./styles/run.css";
import "./styles/log.css";
import "./styles/overview.css";

const root = document.querySelector("#app");
if (root === null) throw new Error("index.html has no #app");
render(<App />, root);
