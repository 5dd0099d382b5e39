#!/usr/bin/env node
import { hostname } from "node:os";
import { asVmrigError } from "../errors/vmrig-error.ts";
import { ownName } from "../lease/own-name.ts";
import { parseCommandLine } from "./command-line.ts";
import { exitCode } from "./exit-code.ts";
import { generalHelp, verbHelp } from "./help.ts";
import { listenForInterruption } from "./interruption.ts";
import { ownVersion } from "./own-version.ts";

const interruption = listenForInterruption();
const { signal } = interruption;

async function main(args: readonly string[]): Promise<number> {
  const order = parseCommandLine(args);
  const print = (text: string): void => void process.stdout.write(text);
  if (order.do === "help") print(order.verb === undefined ? generalHelp() : verbHelp(order.verb));
  if (order.do === "version") print(`${await ownVersion()}\n`);
  if (order.do !== "run") return 0;
  const { verb, given, config } = order;
  const ended = await verb.run(
    {
      cwd: process.cwd(),
      env: process.env,
      holder: {
        who: ownName(),
        host: hostname(),
        command: `vmrig ${verb.name}`,
        session: String(process.pid),
      },
      print,
      say: (line) => void process.stderr.write(`${line}\n`),
      signal,
      ...(config !== undefined && { config }),
    },
    given,
  );
  return ended ?? 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const known = signal.aborted ? undefined : asVmrigError(error);
  process.stderr.write(`${known?.message ?? (signal.reason as Error).message}\n`);
  return known === undefined ? 1 : exitCode(known.fault);
});
// An interruption decides the exit code, even if the verb still finished.
process.exitCode = interruption.code() ?? process.exitCode;
