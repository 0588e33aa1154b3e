export { describeInBrowser, launchBrowser, openTab, type Tab } from "./browser.ts";
