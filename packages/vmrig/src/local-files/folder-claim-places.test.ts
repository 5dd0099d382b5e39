import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { claimFolder } from "./folder-claim.ts";
import { folderUse, usedElsewhere } from "./folder-use.ts";
import { flock } from "./flock.ts";
import { useProgram } from "./flock.test.kit.ts";
import { hasNamespaces, inNewPidNamespace, moduleUrl, ownTmp } from "./pid-namespace.test.kit.ts";
import { INITIAL_PID_NAMESPACE, ownPlace } from "./place.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const what = "the machines of pcs-1";
const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
let folder: string;
beforeEach(async () => void (folder = await tempFolder()));

/** Claims the folder, and prints the outcome. `stay`: keeps the claim until the process is killed. */
const CLAIM = `import { claimFolder } from ${moduleUrl("./folder-claim.ts", import.meta.url)};
  const [folder, mode] = process.argv.slice(1);
  if (mode === "unlocked") process.env.PATH = "/nowhere";
  console.log(await claimFolder(folder, { what: "it" }).then(() => "claimed", (e) => e.message));
  setInterval(() => {}, 1000);`;

async function record(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, "in-use"), "utf8")) as Record<string, unknown>;
}

async function recordOf(place: object): Promise<void> {
  const claimant = { ...ownPlace(), host: "ci", pid: 7, at: 0, ...place };
  await writeFile(join(folder, "in-use"), JSON.stringify(claimant));
}

const refused = (details: string) =>
  expect(claimFolder(folder, { what })).rejects.toMatchObject({
    code: "HOME_SHARED",
    details: expect.arrayContaining([expect.stringContaining(details)]),
  });

test.runIf(hasNamespaces)(
  "a process without flock keeps its claim against one that has it",
  async () => {
    const container = inNewPidNamespace(CLAIM, [folder, "unlocked"]);
    expect(await container.line()).toBe("claimed");
    expect(await record()).toMatchObject({ locked: false });
    expect(await folderUse(folder)).toBe("elsewhere");
    await refused("no flock(1) there");
    // Its Redis may run on, and has no lock either.
    await container.end();
    expect(await folderUse(folder)).toBe("elsewhere");
  },
);

test("a process without flock that joins a claim takes the proof of its end away", async () => {
  const claim = await claimFolder(folder, { what });
  const { locked, ...before } = await record();
  expect(locked).toBe(true);
  await useProgram(folder, "exit 64");
  const unlocked = await claimFolder(folder, { what });
  claim[Symbol.dispose]();
  unlocked[Symbol.dispose]();
  expect(await record()).toEqual({ ...before, locked: false });
});

test("a claim without a lock ends with a reboot", async () => {
  await recordOf({ boot: "earlier", pidNamespace: "1", locked: false });
  expect(await folderUse(folder)).toBe("free");
  using _claim = await claimFolder(folder, { what });
  expect(await record()).toMatchObject({ ...ownPlace(), locked: true });
});

test.runIf(hasNamespaces)("a container names its host as this computer", async () => {
  await recordOf({ pidNamespace: INITIAL_PID_NAMESPACE, locked: false });
  const container = inNewPidNamespace(CLAIM, [folder]);
  expect(await container.line()).toBe("A process outside of this container uses it.");
  await container.line();
  expect(await container.line()).toBe(
    "  in use in: this computer (ci), outside containers, since 1970-01-01T00:00:00.000Z, no flock(1) there",
  );
});

test.each([
  ["", "VMRIG_REDIS_URL"],
  ["redis://ci", "VMRIG_HOME"],
])("with VMRIG_REDIS_URL %j, the hint ends with %s", async (url, word) => {
  process.env["VMRIG_REDIS_URL"] = url;
  onTestFinished(() => void delete process.env["VMRIG_REDIS_URL"]);
  const { hint = "" } = await usedElsewhere(folder, what);
  expect(hint).toContain("run `vmrig down` there");
  expect(/VMRIG_\w+(?!.*VMRIG)/.exec(hint)?.[0]).toBe(word);
});

test.runIf(hasNamespaces)(
  "a process of this PID namespace with its own /tmp is refused, and the other way round",
  async () => {
    const options = { kind: "mount-only", setUp: ownTmp([REPOSITORY, folder]) } as const;
    const service = inNewPidNamespace(CLAIM, [folder], options);
    expect(await service.line()).toBe("claimed");
    expect(await record()).toMatchObject(ownPlace());
    expect(await folderUse(folder)).toBe("elsewhere");
    await refused("with another /tmp");
    await service.end();
    using _claim = await claimFolder(folder, { what });
    expect(await inNewPidNamespace(CLAIM, [folder], options).line()).toContain(
      "A process with another /tmp uses it.",
    );
  },
);

test.runIf(hasNamespaces)(
  "a process of this PID namespace with its own mounts and this /tmp is not refused",
  async () => {
    using _claim = await claimFolder(folder, { what });
    const sandbox = inNewPidNamespace(CLAIM, [folder], { kind: "mount-only" });
    expect(await sandbox.line()).toBe("claimed");
  },
);

test.runIf(hasNamespaces)("a container with a different boot id still runs", async () => {
  const id = join(folder, "id");
  await writeFile(id, "0a1b2c3d-own-boot-id\n");
  const container = inNewPidNamespace(CLAIM, [folder], {
    setUp: `mount --bind "${id}" /proc/sys/kernel/random/boot_id`,
  });
  expect(await container.line()).toBe("claimed");
  expect(await record()).toMatchObject({ boot: "0a1b2c3d" });
  expect(await folderUse(folder)).toBe("elsewhere");
  await container.end();
  expect(await folderUse(folder)).toBe("free");
});

test.runIf(hasNamespaces)("containers with a masked /proc/sys refuse each other", async () => {
  const options = { setUp: "mount -t tmpfs none /proc/sys/kernel/random" };
  const container = inNewPidNamespace(CLAIM, [folder], options);
  expect(await container.line()).toBe("claimed");
  expect(await record()).toMatchObject({ boot: "" });
  expect(await inNewPidNamespace(CLAIM, [folder], options).line()).toContain("uses it.");
  await refused("PID namespace");
  await container.end();
  using _claim = await claimFolder(folder, { what });
  expect(await record()).toMatchObject(ownPlace());
});

test.runIf(hasNamespaces)("without /proc, a claim is refused with this reason", async () => {
  const setUp = "mount -t tmpfs none /proc";
  expect(await inNewPidNamespace(CLAIM, [folder], { setUp }).line()).toContain(
    "vmrig cannot tell whether another container uses it: /proc/self/ns/pid cannot be read.",
  );
});

test("after a reboot, a busy lock is one of this computer and no refusal", async () => {
  const counter = join(folder, "counter");
  await writeFile(counter, "");
  // Busy for 1.5 s, as with many runs at once on a busy computer.
  await useProgram(
    folder,
    `echo >> "${counter}"
    if [ $(wc -l < "${counter}") -le 30 ]; then sleep 0.05; exit 1; fi
    exec "$FLOCK" "$@"`,
  );
  await recordOf({ boot: "earlier" });
  using _claim = await claimFolder(folder, { what });
  expect(await record()).toMatchObject(ownPlace());
});

test("a file that is deleted while it is opened is no claim", async () => {
  const path = join(folder, "in-use");
  await claimFolder(folder, { what }).then((claim) => claim[Symbol.dispose]());
  await useProgram(
    folder,
    `if [ ! -e "${folder}/deleted" ]; then : > "${folder}/deleted"; rm "${path}"; fi
    exec "$FLOCK" "$@"`,
  );
  using _claim = await claimFolder(folder, { what });
  const other = openSync(path, "r+");
  onTestFinished(() => closeSync(other));
  expect(await flock({ fd: other, path, kind: "exclusive" })).toBe("busy");
});

test("a folder in the place of the file is reported with a remedy", async () => {
  await mkdir(join(folder, "in-use"));
  const error = { code: "STATE_UNWRITABLE", hint: "a folder has this name: move it away" };
  await expect(claimFolder(folder, { what })).rejects.toMatchObject(error);
  await expect(folderUse(folder)).rejects.toMatchObject(error);
});
