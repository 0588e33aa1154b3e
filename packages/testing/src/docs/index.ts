export { type Block, blocksOf, headingsOf, readDoc, root, sectionOf, tableOf } from "./markdown.ts";
export { sorted } from "./sorted.ts";
