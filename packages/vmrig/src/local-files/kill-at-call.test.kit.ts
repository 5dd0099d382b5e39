/**
 * Preload for a program that a test starts: `node --import kill-at-call.test.kit.ts program.ts`. It
 * kills the program after the call with the number VMRIG_TEST_KILL_AT, counted from 1, among all
 * calls that change files.
 */
import { promises } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env["VMRIG_TEST_KILL_AT"]);
const CHANGES = ["mkdir", "writeFile", "rename", "link", "copyFile", "cp", "rm", "open"] as const;
let calls = 0;

type Call = (...args: readonly unknown[]) => Promise<unknown>;

const functions: Record<string, unknown> = { ...promises };
for (const name of CHANGES) {
  const call = functions[name] as Call;
  const counted: Call = async (...args) => {
    calls += 1;
    const own = calls;
    const result = await call(...args);
    if (own >= killAt) process.kill(process.pid, "SIGKILL");
    return result;
  };
  Object.assign(promises, { [name]: counted });
}
syncBuiltinESMExports();
