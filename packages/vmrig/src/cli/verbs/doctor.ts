import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/finding.ts";
import { exitCode } from "../exit-code.ts";
import { defineVerb } from "../verb.ts";

export const doctor = defineVerb({
  name: "doctor",
  summary:
    "checks this computer for everything that a run needs, and prints a fix for each problem",
  details: [
    "Prints one line per check: ok, warn or FAIL, the measured value, the fix. Exits with 3 if a check failed.",
  ],
  operands: [],
  options: {
    json: {
      type: "boolean",
      help: "prints JSON: { ok, findings: [{ what, status, measured, fix }] }",
    },
  },
  async run({ cwd, config, env, signal, print }, { options: { json = false } }) {
    const [{ examine }, { findingLine }, { LEAST_FREE_BYTES }] = await Promise.all([
      import("../doctor/examine.ts"),
      import("../doctor/finding.ts"),
      import("../doctor/disk.ts"),
    ]);
    const findings: Finding[] = [];
    const nodeVersion = process.versions.node;
    const examination = examine({
      cwd,
      env,
      signal,
      nodeVersion,
      clock: systemClock,
      leastFreeBytes: LEAST_FREE_BYTES,
      ...(config !== undefined && { config }),
    });
    for await (const finding of examination) {
      signal.throwIfAborted();
      findings.push(finding);
      if (!json) print(`${findingLine(finding)}\n`);
    }
    const ok = findings.every(({ status }) => status !== "fail");
    if (json) print(`${JSON.stringify({ ok, findings }, undefined, 2)}\n`);
    return ok ? 0 : exitCode("infra");
  },
});
