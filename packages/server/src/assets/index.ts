export { Assets } from "./assets.ts";
export { serveAsset, serveLab, serveStart } from "./serve.ts";
