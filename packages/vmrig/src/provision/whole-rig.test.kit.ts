import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { machineFolder } from "./file-driver.test.kit.ts";
import type { TestRig } from "./test-rig.test.kit.ts";

/** Returns what tells a machine from one that was created again. */
export async function created({ copy }: TestRig, name: string): Promise<string> {
  return await readFile(join(machineFolder(copy, name), "created"), "utf8");
}

/** Checks that both machines are complete, and those of the state. */
export async function expectWhole({
  driver,
  copy,
  state: read,
  provision,
}: TestRig): Promise<void> {
  const { state } = await read();
  const { machines } = await driver.inspect(copy);
  for (const name of ["pc1", "pc2"]) {
    const resource = state?.resources.find((candidate) => candidate.name === name);
    expect(machines.find((candidate) => candidate.name === name)).toMatchObject({
      power: "running",
      owner: state?.owner,
      origin: { resource: resource?.id },
    });
  }
  expect(await provision()).toMatchObject({ created: [], replaced: [], deleted: [] });
}
