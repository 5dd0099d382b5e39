import { parseArgs } from "node:util";
import { rollback } from "./rollback.ts";
import { warmRun } from "./warm-run.ts";

const BENCHES: Readonly<Record<string, (runs: number) => Promise<void>>> = { rollback, "warm-run": warmRun };

const { positionals, values } = parseArgs({ allowPositionals: true, options: { runs: { type: "string", default: "10" } } });
const name = positionals[0] ?? "";
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`There is no benchmark "${name}"; there are: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}
await bench(Number(values.runs));
