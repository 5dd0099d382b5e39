import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { writeTofu } from "../../provision/late-state.test.kit.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { readState } from "../../provision/state.ts";
import { on, test } from "../test-gate.test.kit.ts";

const PC1 = "terraform_data.pc1";

test("machines that a killed `up` created with another size are created again under the old config", async ({
  testGate,
}) => {
  const { folder } = await testGate.copy();
  vi.stubEnv("VMRIG_TERRAFORM", await writeTofu(folder));
  try {
    const first = testGate.run();
    await first.gate.claim("file");
    await first.gate.close();
    const before = await testGate.machines();
    await writeFile(join(folder, "die"), "");
    const larger = { machines: { pc1: { memory: "1GB" }, pc2: {} } } as const;
    const killed = testGate.run(larger, { allow: new Set([PC1]) });
    await expect(killed.gate.claim("file")).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
    await killed.gate.close();
    await rm(join(folder, "die"));
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

test("a run that starts no Terraform notices a state that does not know the last creation of a machine, and takes the machine over", async ({
  testGate,
}) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();
  const { state } = stateFiles(await testGate.copy());
  const id = (await readState(state))?.resources.find(({ name }) => name === "pc1")?.id ?? "";
  await writeFile(state, (await readFile(state, "utf8")).replace(id, "an-older-one"));

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
