import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { claimFolder } from "./folder-claim.ts";
import { folderUse } from "./folder-use.ts";
import { inNewPidNamespace, hasNamespaces, moduleUrl } from "./pid-namespace.test.kit.ts";
import { ownPlace } from "./place.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const what = "the machines of pcs-1";
let folder: string;
beforeEach(async () => void (folder = await tempFolder()));

/** Claims the folder in another PID namespace. `stay`: until the namespace ends. */
const CLAIM = `import { claimFolder } from ${moduleUrl("./folder-claim.ts", import.meta.url)};
  const [folder, mode] = process.argv.slice(1);
  const claim = await claimFolder(folder, { what: "the machines of pcs-1" });
  console.log("claimed");
  if (mode === "stay") setInterval(() => {}, 1000);`;

const containerThatClaims = async (mode: "stay" | "leave") => {
  const container = inNewPidNamespace(CLAIM, [folder, mode]);
  await container.line();
  return container;
};

/** A claimant of another boot, or of another namespace of this boot. */
async function writtenBy(place: { boot?: string; pidNamespace?: string }): Promise<void> {
  const claimant = { ...ownPlace(), host: "ci", pid: 7, at: 0, ...place };
  await writeFile(join(folder, "in-use"), JSON.stringify(claimant));
}

test("twenty processes of one namespace claim a new folder together", async () => {
  const claims = await Promise.all(Array.from({ length: 20 }, () => claimFolder(folder, { what })));
  expect(await folderUse(folder)).toBe("here");
  for (const claim of claims) claim[Symbol.dispose]();
  using again = await claimFolder(folder, { what });
  expect(again.fd).toBeTypeOf("number");
});

test("a folder without a claim has an unknown user", async () => {
  expect(await folderUse(folder)).toBe("unknown");
});

test.each([
  ["of an earlier boot", { boot: "earlier" }],
  ["of a namespace that has ended", { pidNamespace: "1" }],
])("a claim %s is taken over", async (_, place) => {
  await writtenBy(place);
  expect(await folderUse(folder)).toBe("free");
  using _claim = await claimFolder(folder, { what });
  expect(await folderUse(folder)).toBe("here");
});

test("a claim that a power failure truncated is taken over", async () => {
  await writeFile(join(folder, "in-use"), '{"boot":');
  using _claim = await claimFolder(folder, { what });
  expect(await folderUse(folder)).toBe("here");
});

test("without the flock program, only a reboot ends the claim of another namespace", async () => {
  const { PATH } = process.env;
  process.env["PATH"] = folder;
  onTestFinished(() => void (process.env["PATH"] = PATH));
  await writtenBy({ pidNamespace: "1" });
  await expect(claimFolder(folder, { what })).rejects.toMatchObject({ code: "HOME_SHARED" });
  expect(await folderUse(folder)).toBe("elsewhere");
  await writtenBy({ pidNamespace: "1", boot: "earlier" });
  using _claim = await claimFolder(folder, { what });
  expect(await folderUse(folder)).toBe("here");
});

test("disposing twice closes no descriptor of another file", async () => {
  const claim = await claimFolder(folder, { what });
  claim[Symbol.dispose]();
  const next = await claimFolder(folder, { what });
  claim[Symbol.dispose]();
  expect(await readFile(`/proc/self/fd/${next.fd}`, "utf8")).toContain(ownPlace().boot);
  next[Symbol.dispose]();
});

test.runIf(hasNamespaces)(
  "a folder that another container uses is refused, and both are named",
  async () => {
    const container = await containerThatClaims("stay");
    const { pidNamespace } = JSON.parse(await readFile(join(folder, "in-use"), "utf8")) as {
      pidNamespace: string;
    };
    expect(await folderUse(folder)).toBe("elsewhere");
    await expect(claimFolder(folder, { what })).rejects.toMatchObject({
      code: "HOME_SHARED",
      summary: "Another container uses the machines of pcs-1.",
      details: [
        `shared folder: ${folder}`,
        expect.stringMatching(
          new RegExp(`^in use in: PID namespace ${pidNamespace} on \\S+, since 2\\S+Z$`),
        ),
        expect.stringMatching(/^this process: (this computer|PID namespace \d+)/),
      ],
      hint: expect.stringContaining("VMRIG_HOME"),
    });
    await container.end();
    expect(await folderUse(folder)).toBe("free");
    using _claim = await claimFolder(folder, { what });
    expect(await folderUse(folder)).toBe("here");
  },
);

test.runIf(hasNamespaces)(
  "of two containers that claim a new folder at once, one gets it",
  async () => {
    for (let round = 0; round < 5; round += 1) {
      folder = await tempFolder();
      const containers = [0, 1, 2].map(() => inNewPidNamespace(CLAIM, [folder, "stay"]));
      const lines = await Promise.allSettled(containers.map((container) => container.line()));
      expect(lines.map(({ status }) => status).toSorted()).toEqual([
        "fulfilled",
        "rejected",
        "rejected",
      ]);
      await Promise.all(containers.map((container) => container.end()));
    }
  },
);

test.runIf(hasNamespaces)(
  "a container that ended normally leaves the folder to others",
  async () => {
    const container = await containerThatClaims("leave");
    await expect(container.line()).rejects.toThrow("ended");
    expect(await folderUse(folder)).toBe("free");
  },
);

test("a program that inherited the claim continues it", async () => {
  await writtenBy({ pidNamespace: "1" });
  const claim = await claimFolder(folder, { what });
  const child = spawn("sleep", ["3600"], { stdio: ["ignore", "ignore", "ignore", claim.fd] });
  const exited = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  claim[Symbol.dispose]();
  // As seen from another namespace.
  await writtenBy({ pidNamespace: "1" });
  expect(await folderUse(folder)).toBe("elsewhere");
  child.kill("SIGKILL");
  await exited;
  expect(await folderUse(folder)).toBe("free");
});
