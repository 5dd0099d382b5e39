#!/usr/bin/env node
import { hostname } from "node:os";
import { asVmrigError } from "../errors/vmrig-error.ts";
import { ownName } from "../lease/own-name.ts";
import { parseCommandLine } from "./command-line.ts";
import { exitCode } from "./exit-code.ts";
import { HELP } from "./help.ts";
import { runVerb } from "./verbs.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}

try {
  const order = parseCommandLine(process.argv.slice(2));
  if (order.verb === "help") {
    process.stdout.write(HELP);
  } else {
    await runVerb(order, {
      cwd: process.cwd(),
      holder: { who: ownName(), host: hostname(), command: `vmrig ${order.verb}`, session: String(process.pid) },
      say: (line) => process.stdout.write(`${line}\n`),
      signal: interrupted.signal,
    });
  }
} catch (error) {
  const known = interrupted.signal.aborted ? undefined : asVmrigError(error);
  process.stderr.write(`${known?.message ?? String(interrupted.signal.reason)}\n`);
  process.exitCode = known === undefined ? 130 : exitCode(known.fault);
}
