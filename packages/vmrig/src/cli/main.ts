#!/usr/bin/env node
import { hostname } from "node:os";
import { asVmrigError, type VmrigError } from "../errors/vmrig-error.ts";
import { ownName } from "../lease/own-name.ts";
import { parseCommandLine } from "./command-line.ts";
import { exitCode } from "./exit-code.ts";
import { listenForInterruption } from "./interruption.ts";
import { ownVersion } from "./own-version.ts";

const interruption = listenForInterruption();
const { signal } = interruption;
/** The value of `--config`, which the commands in hints repeat. */
let given: string | undefined;

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
  given = config;
  // Loaded late: `--help` and `--version` must not wait for it.
  const repeat = config === undefined ? undefined : await import("../config/repeat-config.ts");
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
      say: (line) => void process.stderr.write(`${repeat?.repeatConfig(line, config) ?? line}\n`),
      signal,
      ...(config !== undefined && { config }),
    },
    parsed.args,
  );
  return code ?? 0;
}

process.exitCode = await main(process.argv.slice(2)).catch(async (error: unknown) => {
  const known = signal.aborted ? undefined : await withGivenConfig(asVmrigError(error));
  process.stderr.write(`${known?.message ?? (signal.reason as Error).message}\n`);
  return known === undefined ? 1 : exitCode(known.fault);
});
// An interruption decides the exit code, even if the verb still finished.
process.exitCode = interruption.code() ?? process.exitCode;

async function withGivenConfig(error: VmrigError): Promise<VmrigError> {
  if (given === undefined) return error;
  const { withConfigInHint } = await import("../config/repeat-config.ts");
  return withConfigInHint(error, given);
}
