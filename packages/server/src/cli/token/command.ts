import { Command, Option } from "commander";
import { EXIT_HELP } from "../exit.ts";
import { addGrantOptions } from "../grants.ts";
import { lifetimeMs } from "../options.ts";
import type { TokenOptions } from "./mint.ts";

/** `tidings token`. */
export function tokenCommand(): Command {
  const command = new Command("token")
    .summary("make a token, to try things with")
    .description(
      "Signs a JSON Web Token and prints it, alone, on standard output: with the first HS256 secret of the configuration, and\n" +
        "for its issuer and audience, unless a key is named here. For trying things; a backend signs tokens itself.",
    )
    .addOption(
      new Option("--secret <env:NAME>", "the variable with the secret to sign with").conflicts("keyFile"),
    )
    .option("--key-file <pem>", "the file with the private key to sign with")
    .addOption(
      new Option("--algorithm <algorithm>", "how it is signed (default: as the key is)").choices([
        "HS256",
        "RS256",
        "ES256",
        "EdDSA",
      ]),
    )
    .option("--kid <id>", "which of the server's keys it is (default: as configured)")
    .option("--sub <subject>", "for whom it is")
    .option("--jti <id>", "its own id, by which it can be revoked (default: a random one)")
    .option("--iss <issuer>", "who made it (default: as configured)")
    .option("--aud <audience>", "for which service it is (default: as configured)")
    .option("--expires <time>", "how long it holds", lifetimeMs, 600_000);
  return addGrantOptions(command)
    .option(
      "--config <file>",
      "the server's configuration file (default: tidings.config.{ts,js,mjs,json} here)",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tidings token --sub ann --subscribe 'evals/**'
  $ tidings token --secret env:JWT_SECRET --publish 'builds/1' --expires 1h
  $ tidings token --key-file private.pem --admin '**' --aud tidings
${EXIT_HELP}`,
    )
    .action(async (options: TokenOptions) => {
      // Loaded only here: the other commands sign nothing.
      const { mintToken } = await import("./mint.ts");
      await mintToken(options);
    });
}
