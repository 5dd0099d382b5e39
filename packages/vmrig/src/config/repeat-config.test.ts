import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { neededConfig, repeatConfig, withConfigInHint } from "./repeat-config.ts";

test("a text repeats the config in every quoted command, and nowhere else", () => {
  const hint =
    "vmrig needs it: run `vmrig up --allow a.b`, or `vmrig destroy pcs`; it is held by (vmrig up)";

  expect(repeatConfig(hint, "my rig.ts")).toBe(
    "vmrig needs it: run `vmrig up --config 'my rig.ts' --allow a.b`, or `vmrig destroy --config 'my rig.ts' pcs`; it is held by (vmrig up)",
  );
  expect(repeatConfig(hint, undefined)).toBe(hint);
  expect(repeatConfig("run `vmrig state rollback --to 3`", "x.ts")).toBe(
    "run `vmrig state rollback --config x.ts --to 3`",
  );
});

test("an error keeps everything but the command in its hint", () => {
  const error = new VmrigError("PLAN_REFUSED", {
    message: "The plan of `vmrig up` is refused.",
    details: ["a.b would be replaced"],
    hint: "run `vmrig up`",
    cause: new Error("why"),
  });

  expect(withConfigInHint(error, "x.ts")).toMatchObject({
    code: "PLAN_REFUSED",
    summary: error.summary,
    details: error.details,
    hint: "run `vmrig up --config x.ts`",
    cause: error.cause,
  });
  expect(withConfigInHint(error, undefined)).toBe(error);
});

test("a config that a command finds by itself needs no option", async () => {
  const folder = await tempFolder();
  const inner = join(folder, "inner");
  await mkdir(inner);
  const found = join(folder, "vmrig.config.ts");
  const other = join(folder, "other.config.ts");
  await writeFile(found, "");

  expect(await neededConfig(found, inner)).toBeUndefined();
  expect(await neededConfig(other, inner)).toBe("../other.config.ts");
  expect(await neededConfig(join(inner, "vmrig.config.ts"), folder)).toBe("inner/vmrig.config.ts");
});
