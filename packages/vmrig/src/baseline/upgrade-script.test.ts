import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { asInput } from "./recipe-script.ts";
import { runShell, SHELLS } from "./shell.test.kit.ts";
import {
  beginUpgrade,
  checkApt,
  finishUpgrade,
  readPackageLists,
  upgradePackages,
} from "./upgrade-script.ts";

/**
 * Keeps the installed packages in a file, and upgrades those that are not held. As apt does, lists
 * the sources only after their lists were read.
 */
const APT_GET = `
case "$*" in
  indextargets*) [ ! -e updated ] || cat sources ;;
  *update*) touch updated; cat update-says 2>/dev/null; exit "$(cat update-exits 2>/dev/null || echo 0)" ;;
  *full-upgrade*)
    while read -r name version; do
      ! grep -qx "$name" held 2>/dev/null || continue
      ! grep -qx "ii $name $version" installed || continue
      case "$*" in
        *-sq*) echo "Inst $name ($version)" ;;
        *) sed "s/^ii $name .*/ii $name $version/" installed > new && mv new installed ;;
      esac
    done < available ;;
  clean) ;;
  *) exit 9 ;;
esac`;
const APT_MARK = `
action=$1
shift
case $action in
  hold) printf '%s\\n' "$@" > held ;;
  unhold) rm held ;;
esac`;
/** `dpkg-query -W -f FORMAT [PATTERN…]`. Both formats begin with status and name. */
const DPKG_QUERY = `
if [ $# -eq 3 ]; then cat installed; else grep -E '^.. linux-(image|modules)-' installed | cut -d ' ' -f 1,2; fi`;

interface Machine {
  readonly folder: string;
  run(script: string): Promise<ExecResult>;
  /** Runs the whole upgrade. @returns what it reported */
  upgrade(options?: { readonly keepKernel?: boolean }): Promise<string[]>;
  text(name: string): Promise<string>;
}

/** Sets up a folder as a machine: programs of this computer that would change it are replaced. */
async function setUpMachine(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const folder = await tempFolder();
  const log = join(folder, "log");
  const programs = {
    "apt-get": APT_GET,
    "apt-mark": APT_MARK,
    "dpkg-query": DPKG_QUERY,
    ...Object.fromEntries(["systemctl", "date", "chown", "sync"].map((name) => [name, ""])),
  };
  await mkdir(join(folder, "bin"));
  for (const [name, does] of Object.entries(programs)) {
    const path = join(folder, "bin", name);
    await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${log}\ncd ${folder}\n${does}\n`);
    await chmod(path, 0o755);
  }
  for (const path of ["var/lib/apt/lists", "run", "proc/1", "proc/2"])
    await mkdir(join(folder, path), { recursive: true });
  const all = {
    log: "",
    sources: "file:///srv\n",
    installed: "ii openssl 3.0\nii linux-image-cloud-amd64 6.12\nii sed 4\n",
    available: "openssl 3.0\n",
    "proc/1/comm": "systemd\n",
    "proc/1/maps": "7f00-7f01 r-xp 00000000 fe:00 1  /usr/lib/libc.so.6\n",
    "proc/2/comm": "dbus-daemon\n",
    "proc/2/maps": "",
    ...files,
  };
  for (const [name, content] of Object.entries(all)) await writeFile(join(folder, name), content);

  const run = (script: string): Promise<ExecResult> =>
    runShell([SHELLS[0] ?? "/bin/sh", "-eu", "-s"], {
      cwd: folder,
      path: `${join(folder, "bin")}:${process.env["PATH"]}`,
      input: asInput(
        script.replaceAll(/\/(run|proc|var\/lib\/apt|usr\/lib\/vmrig)\b/g, `${folder}/$1`),
      ),
    });
  return {
    folder,
    run,
    async upgrade({ keepKernel = false } = {}) {
      const steps = [
        beginUpgrade(0),
        readPackageLists(),
        upgradePackages({ keepKernel }),
        finishUpgrade({ keepKernel }),
      ];
      let last = "";
      for (const script of steps) {
        const { exitCode, stdout, stderr } = await run(script);
        expect(exitCode, `${script}\n${stdout.toString()}${stderr.toString()}`).toBe(0);
        last = stdout.toString();
      }
      return last.split("\n").filter((line) => line.startsWith("vmrig-upgrade"));
    },
    text: (name) => readFile(join(folder, name), "utf8"),
  };
}

const NEW_KERNEL = "openssl 3.1\nlinux-image-cloud-amd64 6.13\n";

test("upgrades all packages, and counts them", async () => {
  const { upgrade, text } = await setUpMachine({ available: "openssl 3.1\nsed 5\n" });
  expect(await upgrade()).toEqual(["vmrig-upgrade changed 2"]);
  expect(await text("installed")).toContain("ii openssl 3.1\n");
});

test("reports that nothing was upgraded", async () => {
  const { upgrade } = await setUpMachine();
  expect(await upgrade()).toEqual(["vmrig-upgrade changed 0"]);
});

test("asks nothing: keeps changed configuration files, and has no terminal", async () => {
  const { upgrade, text } = await setUpMachine();
  await upgrade();
  expect(await text("log")).toMatch(
    /^apt-get full-upgrade -yq .*--force-confdef .*--force-confold/m,
  );
  expect(upgradePackages({ keepKernel: false })).toContain("DEBIAN_FRONTEND=noninteractive");
});

test("leaves nothing beside the packages: no programs, no package lists, no files", async () => {
  const { upgrade, folder, text } = await setUpMachine();
  await upgrade();
  expect(
    ["run/vmrig-upgrade", "usr/lib/vmrig"].filter((at) => existsSync(join(folder, at))),
  ).toEqual([]);
  expect(await text("log")).toMatch(/^apt-get clean$/m);
});

test("keeps package lists that the machine had", async () => {
  const lists = join("var/lib/apt/lists", "deb.debian.org_Packages");
  const { upgrade, text } = await setUpMachine({ [lists]: "" });
  await upgrade();
  expect(await text(lists)).toBe("");
});

test("does not stop apt's timers before the clock is set, but holds them", async () => {
  const { upgrade, text } = await setUpMachine();
  await upgrade();
  const calls = (await text("log")).split("\n");
  const at = (start: string): number => calls.findIndex((call) => call.startsWith(start));
  expect(at("systemctl show")).toBeGreaterThan(-1);
  expect(at("systemctl show")).toBeLessThan(at("date -s"));
  expect(at("date -s")).toBeLessThan(at("apt-get update"));
});

describe("package lists that cannot be read", () => {
  test.each([
    ["an error", { "update-exits": "100" }, 100],
    [
      "a warning of apt, which uses its old lists",
      { "update-says": "W: Failed to fetch http://deb/InRelease\n" },
      100,
    ],
    ["no source at all", { sources: "" }, 1],
  ])("fail the upgrade: %s", async (_what, files, code) => {
    const { run } = await setUpMachine({ available: "openssl 3.1\n", ...files });
    await run(beginUpgrade(0));
    expect((await run(readPackageLists())).exitCode).toBe(code);
  });
});

describe("the kernel", () => {
  test("is upgraded on a machine that boots its own, which then needs a reboot", async () => {
    const { upgrade } = await setUpMachine({ available: NEW_KERNEL });
    expect(await upgrade()).toEqual([
      "vmrig-upgrade changed 2",
      "vmrig-upgrade because its kernel was upgraded",
    ]);
  });

  test("is kept where another one boots, and is not held afterwards", async () => {
    const { upgrade, text, folder } = await setUpMachine({ available: NEW_KERNEL });
    expect(await upgrade({ keepKernel: true })).toEqual([
      "vmrig-upgrade changed 1",
      "vmrig-upgrade kept linux-image-cloud-amd64",
    ]);
    expect(await text("installed")).toContain("ii linux-image-cloud-amd64 6.12\n");
    expect(existsSync(join(folder, "held"))).toBe(false);
  });

  test("stays held by the machine itself", async () => {
    const { upgrade, text } = await setUpMachine({
      installed: "ii openssl 3.0\nhi linux-image-cloud-amd64 6.12\n",
    });
    await upgrade({ keepKernel: true });
    expect(await text("log")).not.toContain("apt-mark");
  });
});

describe("a reboot is needed", () => {
  const replaced = "7f00-7f01 r-xp 00000000 fe:00 1  /usr/lib/libssl.so.3 (deleted)\n";
  const upgraded = { available: "openssl 3.1\n" };

  test.each<[string, Readonly<Record<string, string>>, string[]]>([
    [
      "when a package asks for it",
      { ...upgraded, "run/reboot-required": "" },
      ["a package asks for it: "],
    ],
    [
      "when a program still runs replaced files",
      { ...upgraded, "proc/2/maps": replaced },
      ["dbus-daemon still ran replaced files"],
    ],
    [
      "not because of a session, which ends anyway",
      { ...upgraded, "proc/2/maps": replaced, "proc/2/cgroup": "0::/user.slice/session-1.scope\n" },
      [],
    ],
    ["not when nothing was upgraded", { "run/reboot-required": "" }, []],
    ["not when nothing asks for it", upgraded, []],
  ])("%s", async (_when, files, because) => {
    const { upgrade } = await setUpMachine(files);
    expect((await upgrade()).slice(1)).toEqual(
      because.map((words) => expect.stringContaining(`vmrig-upgrade because ${words}`) as string),
    );
  });
});

test("a machine without apt is recognised before anything changes", async () => {
  const folder = await tempFolder();
  const { stdout, exitCode } = await runShell(["/bin/sh", "-eu", "-s"], {
    cwd: folder,
    path: folder,
    input: asInput(checkApt()),
  });
  expect([exitCode, stdout.toString().split("\n")]).toEqual([
    0,
    [
      "vmrig-upgrade missing apt-get",
      "vmrig-upgrade missing apt-mark",
      "vmrig-upgrade missing dpkg-query",
      "vmrig-upgrade missing systemctl",
      "",
    ],
  ]);
});
