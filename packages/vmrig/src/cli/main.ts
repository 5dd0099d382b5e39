#!/usr/bin/env node
import { hostname } from "node:os";
import { asVmrigError } from "../errors/vmrig-error.ts";
import { ownName } from "../lease/own-name.ts";
import { parseCommandLine } from "./command-line.ts";
import { exitCode } from "./exit-code.ts";
import { listenForInterruption } from "./interruption.ts";
import { ownVersion } from "./own-version.ts";

const interruption = listenForInterruption();
const { signal } = interruption;

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(argv);
  const print = (text: string): void => void process.stdout.write(text);
  if (parsed.kind === "help") {
    const { helpText } = await import("./help.ts");
    print(helpText(parsed.verb));
  }
  if (parsed.kind === "version") print(`${await ownVersion()}\n`);
  if (parsed.kind !== "run") return 0;
  const { verb, config } = parsed;
  const code = await verb.run(
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
    parsed.args,
  );
  return code ?? 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const known = signal.aborted ? undefined : asVmrigError(error);
  process.stderr.write(`${known?.message ?? (signal.reason as Error).message}\n`);
  return known === undefined ? 1 : exitCode(known.fault);
});
// An interruption decides the exit code, even if the verb still finished.
process.exitCode = interruption.code() ?? process.exitCode;
