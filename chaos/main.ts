/** `node chaos/main.ts --seed N --grants N --faults N`: see README.md. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FAULTS, type FaultName } from "./faults.ts";
import { runChaos } from "./suite.ts";

const { values } = parseArgs({
  // npm may pass one more `--` than it removes.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    grants: { type: "string", default: "1000" },
    faults: { type: "string", default: "300" },
    copies: { type: "string", default: "2" },
    crowd: { type: "string", default: "5" },
    ttl: { type: "string", default: "1500" },
    kinds: { type: "string" },
    real: { type: "boolean", default: false },
    bug: { type: "string" },
    evidence: { type: "string" },
  },
});

function faultNames(list: string): FaultName[] {
  const known = Object.keys(FAULTS) as FaultName[];
  return list.split(",").map((name) => {
    const kind = known.find((one) => one === name);
    if (kind === undefined)
      throw new Error(`there is no fault "${name}"; known faults: ${known.join(", ")}`);
    return kind;
  });
}

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));

const seed = Number(values.seed);
const asked = { grants: Number(values.grants), faults: Number(values.faults) };
const report = await runChaos({
  ...asked,
  seed,
  evidence: values.evidence ?? join(tmpdir(), `vmrig-chaos-evidence-${seed}`),
  copies: Number(values.copies),
  crowd: Number(values.crowd),
  ttlMs: Number(values.ttl),
  machines: values.real ? "real" : "fake",
  ...(values.kinds !== undefined && { kinds: faultNames(values.kinds) }),
  ...(values.bug !== undefined && { bug: values.bug }),
  signal: interrupted.signal,
  say: (line) => console.log(line),
});
console.log(JSON.stringify(report));
const enough = report.grants >= asked.grants && report.faults >= asked.faults;
process.exitCode = enough && report.violations === 0 && report.leftovers === 0 ? 0 : 1;
