import { parseArgs } from "node:util";
import { ahead } from "./ahead.ts";
import { checkpoint } from "./checkpoint.ts";
import { cloudRollback } from "./cloud/cloud-rollback.ts";
import { copies } from "./copies.ts";
import { exec } from "./exec.ts";
import { fairness } from "./fairness.ts";
import { contention } from "./lease/contention.ts";
import { handover } from "./lease/handover.ts";
import { provision } from "./provision.ts";
import { random } from "./random.ts";
import { rollback } from "./rollback.ts";
import { transfer } from "./transfer.ts";
import { warmRun } from "./warm-run.ts";

const BENCHES: Readonly<Record<string, (runs: number, fake: boolean) => Promise<void>>> = {
  rollback,
  "cloud-rollback": cloudRollback,
  "warm-run": warmRun,
  handover,
  contention,
  copies,
  fairness,
  exec,
  ahead,
  transfer,
  checkpoint,
  random,
  provision,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "10" }, fake: { type: "boolean", default: false } },
});
const name = positionals[0] ?? "";
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`There is no benchmark "${name}"; benchmarks: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}
await bench(Number(values.runs), values.fake);
