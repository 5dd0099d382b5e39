import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { findConfig, loadConfig } from "./load.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

let root: string;
beforeEach(async () => {
  root = await tempFolder();
});

async function file(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(path, text);
  return path;
}

interface Outcome {
  readonly name?: string;
  readonly file?: string;
  readonly code?: string;
  readonly message?: string;
  readonly caused?: boolean;
}

const NATIVE = `const { loadConfig } = await import(LOAD);`;
const JITI = `const { createJiti } = await import(JITI); const { loadConfig } = await createJiti(LOAD).import(LOAD);`;
const REPORT = `
const outcome = await loadConfig(process.argv[1]).then(
  ({ rig, file }) => ({ name: rig.name, file }),
  (error) => ({ code: error.code, message: error.message, caused: "cause" in error }),
);
console.log(JSON.stringify(outcome));`;

/**
 * Loads a config in a separate process: in this one Vite would load the modules that Node.js loads
 * there.
 */
async function load(
  path: string,
  how: "native" | "without types in Node.js" = "native",
): Promise<Outcome> {
  const native = how === "native";
  const script = `const LOAD = ${JSON.stringify(new URL("./load.ts", import.meta.url).href)}; const JITI = ${JSON.stringify(import.meta.resolve("jiti"))};
${native ? NATIVE : JITI}${REPORT}`;
  const flags = native ? [] : ["--no-experimental-strip-types"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, "--input-type=module", "-e", script, path],
    { cwd: root },
  );
  return JSON.parse(stdout) as Outcome;
}

const RIG = `{ name: "pcs", driver: { name: "none", declare() {} }, machines: { pc1: {} } }`;
const TYPED = `interface Names { readonly name: string }\nconst rig = ${RIG} satisfies Names;\nexport default rig as Names;\n`;

test.each([
  ["vmrig.config.ts", TYPED, "native"],
  ["vmrig.config.mts", TYPED, "native"],
  ["vmrig.config.js", `export default ${RIG};`, "native"],
  ["vmrig.config.mjs", `export default ${RIG};`, "native"],
  ["vmrig.config.ts", TYPED, "without types in Node.js"],
  ["vmrig.config.js", `export default ${RIG};`, "without types in Node.js"],
] as const)("loads %s", async (name, text, how) => {
  const path = await file(name, text);
  expect(await load(path, how)).toEqual({ name: "pcs", file: path });
});

test("loads a relative path, and reports the absolute one", async () => {
  const path = await file("vmrig.config.ts", TYPED);
  expect(await load("vmrig.config.ts")).toEqual({ name: "pcs", file: path });
});

test("a missing file is reported with its path", async () => {
  await mkdir(join(root, "folder"));
  for (const path of [join(root, "none.ts"), join(root, "folder")]) {
    await expect(loadConfig(path)).rejects.toMatchObject({
      code: "CONFIG_NOT_FOUND",
      summary: `There is no config at ${path}.`,
      hint: expect.stringContaining("vmrig.config.ts"),
    });
  }
});

test("a syntax error is reported with its line", async () => {
  const path = await file("vmrig.config.ts", 'export default {\n  name: "pcs"\n  oops\n}\n');
  const { code, message, caused } = await load(path);
  expect({ code, caused }).toEqual({ code: "CONFIG_UNREADABLE", caused: true });
  expect(message).toMatch(new RegExp(`^${path} could not be loaded: .+\n  ${path}:3\n`));
  expect(message).toContain("\n    oops\n    ^");
});

test("TypeScript syntax that cannot be stripped is reported with the syntax to avoid", async () => {
  const { code, message } = await load(
    await file("vmrig.config.ts", `enum Size { Small }\nexport default ${RIG};\n`),
  );
  expect(code).toBe("CONFIG_UNREADABLE");
  expect(message).toMatch(
    /enum is not supported.*\nhint: .*without enums, namespaces and parameter properties$/s,
  );
});

test("an error that the file throws is reported with its place", async () => {
  const path = await file("vmrig.config.ts", '\nthrow new Error("no cloud today\\nask Alice");\n');
  const { code, message, caused } = await load(path);
  expect({ code, caused }).toEqual({ code: "CONFIG_UNREADABLE", caused: true });
  expect(message).toMatch(
    new RegExp(
      `^${path} could not be loaded: no cloud today\n  ask Alice\n  at .*vmrig\\.config\\.ts:2:`,
    ),
  );
});

test.each([
  ["text", `throw "no cloud";`, "no cloud"],
  ["null", `throw null;`, "null"],
  ["an object without a prototype", `throw Object.create(null);`, "[object Object]"],
])("a file may throw %s", async (_title, text, said) => {
  const path = await file("vmrig.config.mjs", text);
  expect(await load(path)).toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: `${path} could not be loaded: ${said}`,
  });
});

test("an import that does not resolve is reported by its name", async () => {
  const path = await file(
    "vmrig.config.ts",
    `import { qemu } from "@vmrig/driver-nowhere";\nexport default qemu;\n`,
  );
  const { code, message } = await load(path);
  expect([code, message]).toEqual([
    "CONFIG_UNREADABLE",
    expect.stringContaining("'@vmrig/driver-nowhere'"),
  ]);
});

test("a missing default export is reported with an example", async () => {
  const path = await file("vmrig.config.ts", `export const rig = ${RIG};\n`);
  expect(await load(path)).toMatchObject({
    code: "CONFIG_INVALID",
    message: `${path} has no default export.\nhint: write: export default defineRig({ … })`,
  });
});

test("a rig with a mistake is reported with the file's path", async () => {
  const path = await file("vmrig.config.ts", `export default { ...${RIG}, name: "P" };\n`);
  expect(await load(path)).toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(`${path} has a mistake.\n  name: expected`),
  });
});

test("finds the config in the folder itself, then in the folders above", async () => {
  const deep = join(root, "a", "b", "c");
  await mkdir(deep, { recursive: true });
  await mkdir(join(root, "a", "vmrig.config.ts"));
  const top = await file("vmrig.config.mjs", "");
  expect(await findConfig(deep)).toBe(top);
  const near = await file("a/b/vmrig.config.js", "");
  expect(await findConfig(deep)).toBe(near);
  expect(await findConfig(join(root, "a", "b"))).toBe(near);
});

test("prefers TypeScript when one folder has several configs", async () => {
  await file("vmrig.config.js", "");
  const typed = await file("vmrig.config.ts", "");
  expect(await findConfig(root)).toBe(typed);
});

test("a failed search reports where it began, and suggests a config", async () => {
  await expect(findConfig(root)).rejects.toMatchObject({
    code: "CONFIG_NOT_FOUND",
    summary: `There is no vmrig.config.ts in ${root} or a folder above it.`,
    hint: expect.stringContaining("export default defineRig("),
  });
});
