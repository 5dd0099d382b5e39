// Runs all checks beside the tests, or the named ones: `npm run check`, or
// `npm run check -- lint types`. A failure does not stop the next check. The last line names the
// failed checks.
import { fileURLToPath } from "node:url";
import { checkPackages } from "./check/packages.mjs";
import { checkTypes } from "./check/types.mjs";
import { runChild } from "./child.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @type {Record<string, () => Promise<boolean>>} */
const CHECKS = {
  lint: async () => (await runChild("oxlint", [], { cwd: root })) === 0,
  format: async () => (await runChild("oxfmt", ["--check"], { cwd: root })) === 0,
  types: () => checkTypes(root),
  "dead-code": async () =>
    (await runChild("knip", ["--no-progress", "--no-config-hints"], { cwd: root })) === 0,
  packages: () => checkPackages(root),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(
    `There is no check "${unknown.join('", "')}".\n  checks: ${Object.keys(CHECKS).join(", ")}`,
  );
  process.exit(1);
}

const failed = [];
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`check    ${name}`);
  if (!(await check())) failed.push(name);
}
if (failed.length > 0) console.error(`check    failed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
