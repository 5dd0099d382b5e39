import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { machineFiles } from "../../driver/fake/machine-files.ts";
import { replaceState } from "../../provision/replace-state.test.kit.ts";
import { findTerraform } from "../../provision/terraform-binary.ts";
import { quoteWord } from "../../ssh/quote.ts";
import { openStates } from "../store/open-states.ts";
import { on, rigOf, test } from "../test-gate.test.kit.ts";

const PC1 = "terraform_data.pc1";

/** Writes a Terraform whose applies fail after they did everything, while the file `die` exists. */
async function writeFailing(folder: string): Promise<string> {
  const { path } = await findTerraform();
  const failing = join(folder, "failing");
  const die = quoteWord(join(folder, "die"));
  const script = `#!/bin/sh\n${quoteWord(path)} "$@" || exit\ntest "$1" != apply -o ! -e ${die}\n`;
  await writeFile(failing, script);
  await chmod(failing, 0o755);
  return failing;
}

test("machines that a killed `up` created with another size are created again under the old config", async ({
  testGate,
}) => {
  const copy = await testGate.copy();
  const die = join(copy.folder, "die");
  vi.stubEnv("VMRIG_TERRAFORM", await writeFailing(copy.folder));
  await using states = await openStates(rigOf({}), testGate.folders);
  try {
    const first = testGate.run();
    await first.gate.claim("file");
    await first.gate.close();
    const before = await testGate.machines();
    const text = (await states.read(copy))?.text ?? "";
    await writeFile(die, "");
    const larger = { machines: { pc1: { memory: "1GB" }, pc2: {} } } as const;
    const killed = testGate.run(larger, { allow: new Set([PC1]) });
    await expect(killed.gate.claim("file")).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
    await killed.gate.close();
    await rm(die);
    // Terraform was killed before it saved the state.
    await replaceState(states, copy, text, { applying: ["pc1"] });
    const large = await testGate.machines();
    expect(large["pc1"]?.hostKey).not.toBe(before["pc1"]?.hostKey);

    const { gate, logLines } = testGate.run();
    const grant = await gate.claim("file");

    expect(logLines).toContain(
      "again    pc1 (a killed apply created it and did not save the state)",
    );
    const after = await testGate.machines();
    expect(after["pc1"]?.hostKey).not.toBe(large["pc1"]?.hostKey);
    expect(after["pc2"]?.hostKey).toBe(before["pc2"]?.hostKey);
    for (const name of ["pc1", "pc2"]) expect(await on(grant, name, "hostname")).toBe(name);
    await gate.close();
    const next = testGate.run();
    await next.gate.claim("file");
    expect(next.logLines[0]).toMatch(/^lease /);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a run that starts no Terraform notices a machine that the state has not created, and takes it over", async ({
  testGate,
}) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();
  const path = machineFiles(await testGate.copy(), "pc1").definition;
  const id = before["pc1"]?.origin?.resource ?? "";
  await writeFile(path, (await readFile(path, "utf8")).replace(id, "of-another-apply"));

  const { gate, logLines } = testGate.run();
  await gate.claim("file");
  await gate.close();

  expect(logLines).toContain(
    "check    pcs-1: pc1 is not the machine that its Terraform state has; asking Terraform",
  );
  expect(logLines.join("\n")).toContain("adopt terraform_data.pc1");
  const after = await testGate.machines();
  for (const name of ["pc1", "pc2"]) expect(after[name]?.hostKey).toBe(before[name]?.hostKey);
});
