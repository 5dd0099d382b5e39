import { closeSync, openSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rigSchema } from "../../config/schema.ts";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { flock } from "../../local-files/flock.ts";
import { ownPlace } from "../../local-files/place.ts";
import { formatIdentity } from "../../local-files/process-identity.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { strayNotes } from "./stray-notes.ts";

test("half-written files of a container are swept once no process of it uses the copy", async () => {
  const state = await tempFolder();
  const folder = join(state, "rigs", "pcs-1");
  const there = { ...ownPlace(), pidNamespace: "1" };
  const writer = formatIdentity({ ...there, pid: 7, startTime: "100" });
  const files = ["machines/pc1/definition.json", "images/disk.qcow2"].map((file) =>
    join(folder, `${file}.0a1b2c3d.${writer}`),
  );
  for (const file of files) {
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, "");
  }
  const claim = join(folder, "in-use");
  await writeFile(claim, JSON.stringify({ ...there, host: "ci", pid: 7, at: 0 }));
  const found = async (): Promise<readonly string[]> => {
    const rig = rigSchema.parse({ name: "pcs", driver: fakeDriver(), machines: { pc1: {} } });
    const { signal } = new AbortController();
    const options = { folders: { state, cache: state, runtime: state }, say: () => {}, signal };
    const holder = person("alice");
    const orphans = await strayNotes({ rig, holder, ...options }, undefined);
    return orphans.map(({ what }) => what).toSorted();
  };
  const fd = openSync(claim, "r");
  expect(await flock({ fd, path: claim, kind: "shared" })).toBe("locked");
  expect(await found()).toEqual([]);
  closeSync(fd);
  expect(await found()).toEqual(
    files.map((file) => `half-written ${file} of process 7, which is gone`).toSorted(),
  );
});
