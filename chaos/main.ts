/** `node chaos/main.ts --seed N --grants N --faults N`: see README.md. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { STATE_FAULTS } from "./state/faults.ts";
import { runStateChaos } from "./state/suite.ts";
import { runChaos } from "./suite.ts";

const { values } = parseArgs({
  // npm may pass one more `--` than it removes.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    grants: { type: "string" },
    faults: { type: "string" },
    copies: { type: "string", default: "2" },
    crowd: { type: "string", default: "5" },
    ttl: { type: "string" },
    kinds: { type: "string" },
    real: { type: "boolean", default: false },
    cloud: { type: "boolean", default: false },
    states: { type: "boolean", default: false },
    bug: { type: "string" },
    evidence: { type: "string" },
  },
});

function faultNames<Name extends string>(faults: Readonly<Record<Name, unknown>>): Name[] {
  const known = Object.keys(faults) as Name[];
  return (values.kinds?.split(",") ?? known).map((name) => {
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
// A rollback on a server takes many times as long as one of a fake machine.
const isCloud = values.cloud;
const asked = {
  grants: Number(values.grants ?? (isCloud ? 100 : 1_000)),
  faults: Number(values.faults ?? (isCloud ? 30 : 300)),
};
const common = {
  ...asked,
  seed,
  evidence: values.evidence ?? join(tmpdir(), `vmrig-chaos-evidence-${seed}`),
  copies: Number(values.copies),
  crowd: Number(values.crowd),
  signal: interrupted.signal,
  say: (line: string) => console.log(line),
};
const bug = values.bug === undefined ? {} : { bug: values.bug };
const report = values.states
  ? await runStateChaos({
      ...common,
      ttlMs: Number(values.ttl ?? 2500),
      kinds: faultNames(STATE_FAULTS),
      ...bug,
    })
  : await runChaos({
      ...common,
      ttlMs: Number(values.ttl ?? (isCloud ? 8_000 : 1_500)),
      machines: isCloud ? "cloud" : values.real ? "real" : "fake",
      ...(values.kinds !== undefined && { kinds: values.kinds.split(",") }),
      ...bug,
    });
console.log(JSON.stringify(report));
const enough = report.grants >= asked.grants && report.faults >= asked.faults;
process.exitCode = enough && report.violations === 0 && report.leftovers === 0 ? 0 : 1;
