import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { CREATE, machine } from "../file-driver.test.kit.ts";
import { heldGuard, PC1, test, type TestRig } from "../test-rig.test.kit.ts";
import type { StateStore } from "../state/state-store.ts";
import { created, expectWhole } from "../whole-rig.test.kit.ts";

/** A store that gives no answer from the moment when the create step of a machine begins. */
function breaksDuringApply({ states, driver }: TestRig): StateStore {
  let broken = false;
  driver.create = CREATE;
  return {
    ...states,
    async write(copy, write) {
      if (broken) throw new VmrigError("STATE_UNWRITABLE", { message: "The disk is full." });
      broken = write.summary === "apply began";
      return await states.write(copy, write);
    },
  };
}

async function keptIn({ files }: TestRig): Promise<string[]> {
  return (await readdir(files.folder)).filter((name) => name.startsWith("unsaved-"));
}

test("a state that could not be stored is kept privately, and the next run stores it", async ({
  testRig,
}) => {
  await expect(testRig.provision({ states: breaksDuringApply(testRig) })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    message: "The disk is full.",
  });
  expect(await readFile(testRig.files.unsaved, "utf8")).toContain("pc1");
  const before = await created(testRig, "pc1");

  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });

  expect(testRig.output).toContain("state: saved the state that an earlier run could not save");
  expect(await created(testRig, "pc1")).toBe(before);
  expect((await testRig.states.history(testRig.copy)).map(({ summary }) => summary)).toContain(
    "+2 -0 ~0, saved by a later run",
  );
  await expect(readFile(testRig.files.unsaved)).rejects.toMatchObject({ code: "ENOENT" });
  await expectWhole(testRig);
});

test("an unsaved state does not replace the newer state of another run, and is kept beside it", async ({
  testRig,
}) => {
  await testRig.provision();
  testRig.copy = { ...testRig.copy, machines: [...testRig.copy.machines, machine("pc3")] };
  await expect(testRig.provision({ states: breaksDuringApply(testRig) })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
  });
  // A run on another computer stores a newer version.
  const { text, version } = await testRig.stored();
  await testRig.states.claim(testRig.copy, 8);
  await testRig.replaceState(text, { applying: ["pc3"], fence: 8 });
  const before = await created(testRig, "pc3");

  const guard = { ...heldGuard(), fence: 9 };
  expect(await testRig.provision({ guard })).toMatchObject({ created: ["terraform_data.pc3"] });

  expect(await keptIn(testRig)).toEqual([`unsaved-${version + 1}.tfstate`]);
  expect(testRig.output.join("\n")).toMatch(
    /state: kept an unsaved state of an earlier run as .*: version \d+ was stored after it/,
  );
  // It is found by what exists.
  expect(await created(testRig, "pc3")).toBe(before);
  expect(testRig.output).toContain("plan: adopt terraform_data.pc3");
});

test.for([
  ["that is damaged", "<<<", "it is not a state"],
  ["of another lineage", '{"lineage":"other","serial":99}', "its lineage is other"],
])("an unsaved state %s is kept, and stops no run", async ([, text = "", why], { testRig }) => {
  await testRig.provision();
  const { version, fence } = await testRig.stored();
  await mkdir(dirname(testRig.files.unsaved), { recursive: true });
  await writeFile(testRig.files.unsaved, text);
  const engine = { pid: 1, startTime: "0", boot: "", pidNamespace: "" };
  await writeFile(testRig.files.engine, JSON.stringify({ engine, fence, base: version }));

  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });

  const [kept = ""] = await keptIn(testRig);
  expect(await readFile(join(testRig.files.folder, kept), "utf8")).toBe(text);
  expect(testRig.output.join("\n")).toContain(why);
});

test("an unsaved state without the record of its run is kept, and not stored", async ({
  testRig,
}) => {
  await expect(testRig.provision({ states: breaksDuringApply(testRig) })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
  });
  await rm(testRig.files.engine);

  expect(await testRig.provision()).toMatchObject({ created: [PC1, "terraform_data.pc2"] });

  expect(await keptIn(testRig)).toHaveLength(1);
  expect(testRig.output.join("\n")).toContain("nothing says which run left it");
  await expectWhole(testRig);
});
