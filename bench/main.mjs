// `npm run bench -- commands`: one bench by its name, with its own arguments after it. Default: fanout.
const BENCHES = ["fanout", "commands"];

const given = process.argv[2];
const name = BENCHES.includes(given) ? given : "fanout";
if (name === given) process.argv.splice(2, 1);
await import(new URL(`${name}.mjs`, import.meta.url));
