import { render } from "preact";
import { App } from "./app.tsx";
import "@tidings/ui/styles.css";
import "./lab.css";

const root = document.querySelector("#app");
if (root === null) throw new Error("lab.html has no #app");
render(<App />, root);
