import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { journal } from "../evidence/guest.ts";
import { takeSystemSnapshot } from "../evidence/system-snapshot.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { asRoot } from "./faults/run-as-root.ts";
import { type TestMachine, useMachine } from "./fixtures.test.kit.ts";

/** Login shells and their startup file. bash reads ~/.bashrc when sshd starts it. */
const ALL_SHELLS: ReadonlyArray<[shell: string, file: string]> = [
  ["/bin/bash", ".bashrc"],
  ["/usr/bin/zsh", ".zshenv"],
];
const SHELLS = ALL_SHELLS.filter(([shell]) => existsSync(shell));

/** Operations that send data to the machine. Their errors have no output: it may be the data. */
const SENDS_DATA = new Set([
  "write",
  "write nothing",
  "append",
  "upload of a file",
  "upload of a folder",
]);

const PRINTS = "echo welcome; echo careful >&2\n";

/** Startup files that must not change what vmrig reads and writes. */
const HARMLESS: ReadonlyArray<[what: string, lines: string, only?: string]> = [
  ["print", PRINTS],
  ["print without a newline", "printf welcome; printf careful >&2\n"],
  ["print when the shell exits", `${PRINTS}trap 'echo bye; echo bye >&2' EXIT\n`],
  ["print at every command", "trap 'echo \"at $BASH_COMMAND\"' DEBUG\n"],
  ["print after every failure", "trap 'echo failed' ERR\n", "/bin/bash"],
  ["print when zsh exits", "zshexit() { echo bye }\n", "/usr/bin/zsh"],
  ["set -e and other options", "set -euxvfC\nset -o pipefail\n"],
  ["change what patterns match", "shopt -s failglob dotglob nullglob\n", "/bin/bash"],
  [
    "define aliases",
    `shopt -s expand_aliases 2>/dev/null\nfor name in cat stat find mv tar echo printf cd '[' exec read trap wait; do alias "$name=echo alias"; done\n`,
  ],
  ["define functions", 'cd() { builtin cd "$@"; ls; }; cat() { echo mine; }; mv() { :; }\n'],
  ["define functions, without `compgen`", "cat() { echo mine; }; enable -n compgen\n", "/bin/bash"],
  [
    "define functions with the names of all programs and built-ins",
    'for name in uname nproc grep getent find systemctl journalctl ip dpkg-query set shopt compgen printf read; do eval "$name() { builtin echo mine; }"; done; export -f uname nproc find 2>/dev/null; unalias() { :; }; trap() { :; }; unset() { :; }\n',
  ],
  [
    "run stty, set PROMPT_COMMAND, change the folder, IFS and options of tar",
    "stty erase '^H'; PROMPT_COMMAND='echo prompt'; cd /tmp; IFS=0; export TAR_OPTIONS=-v\n",
  ],
];

describe.each(SHELLS)("startup files of %s", (loginShell, file) => {
  let rig: TestMachine;
  let pc1: TestMachine["pc1"];
  useMachine(
    (made) => {
      rig = made;
      pc1 = rig.pc1;
    },
    { sshd: { loginShell } },
  );
  const startupFile = (): string => join(dirname(rig.server.folder), file);
  const startWith = async (lines: string): Promise<string> => {
    await writeFile(startupFile(), "");
    const folder = `${rig.server.folder}/${crypto.randomUUID()}`;
    await pc1.$`mkdir ${folder}`;
    await writeFile(startupFile(), lines);
    onTestFinished(() => writeFile(startupFile(), ""));
    return folder;
  };
  const harmless = HARMLESS.filter(([, , only = loginShell]) => only === loginShell);

  test.each(harmless)("that %s change nothing that vmrig reads or writes", async (_what, lines) => {
    const folder = await startWith(lines);
    const here = await tempFolder();
    await mkdir(join(here, "tree/.dots"), { recursive: true });
    await writeFile(join(here, "tree/.dots/=a *"), "content");
    for (const machine of [pc1, pc1.root]) {
      const one = machine.file(`${folder}/one-${machine.user}`);
      await one.write("first\nsecond\n");
      await one.append("third\n");
      expect(await one.text()).toBe("first\nsecond\nthird\n");
      expect(await one.stat()).toMatchObject({ type: "file", bytes: 19, user: machine.user });
      expect([await one.exists(), await machine.file(`${folder}/nope`).exists()]).toEqual([
        true,
        false,
      ]);
      await machine.upload(join(here, "tree"), `${folder}/tree-${machine.user}`);
      await machine.upload(join(here, "tree"), `${folder}/tree-${machine.user}`);
      expect(await machine.file(`${folder}/tree-${machine.user}`).entries()).toMatchObject([
        { name: ".dots", type: "folder" },
      ]);
      expect(await machine.glob(`${folder}/tree-${machine.user}/.dots/*`)).toEqual([
        `${folder}/tree-${machine.user}/.dots/=a *`,
      ]);
      const back = join(here, `back-${machine.user}`);
      await machine.download(`${folder}/tree-${machine.user}`, back);
      expect(await readFile(join(back, ".dots/=a *"), "utf8")).toBe("content");
      await machine.download(one.path, join(here, `one-${machine.user}`));
      expect(await readFile(join(here, `one-${machine.user}`), "utf8")).toBe(await one.text());
      await using temporary = await machine.tmpdir();
      expect(temporary.path).toMatch(/^\/tmp\/vmrig-\w{10}$/);
      expect(await machine.sysctl("kernel.ostype").value()).toBe("Linux");
      expect(await machine.facts()).toMatchObject({ bootId: expect.stringMatching(/^[\w-]{36}$/) });
      expect(await machine.account("root").account()).toMatchObject({ home: "/root" });
      await machine.waitForFile(one.path);
      await machine.waitForPort(rig.server.target.port);
      expect(await machine.waitForLog("second", { file: one.path })).toBe("second");
      await one.remove();
      await expect(one.text()).rejects.toThrow(`No such file on pc1: ${one.path}.`);
    }
    expect(await pc1.file(rig.server.fromHome(folder.split("/").at(-1) ?? "")).exists()).toBe(true);
    expect(await asRoot(pc1, "echo", "echo one")).toBe("one");
    const snapshot = await takeSystemSnapshot(pc1.root, { guest: "linux", folder });
    expect(snapshot.boot).toMatch(/^[\w-]{36}$/);
    expect([...snapshot.jobs]).toEqual([]);
  });

  const operations = {
    text: (path) => pc1.file(path).text(),
    write: (path) => pc1.file(path).write("x"),
    "write nothing": (path) => pc1.file(path).write(""),
    append: (path) => pc1.file(path).append("x"),
    exists: (path) => pc1.file(path).exists(),
    stat: (path) => pc1.file(path).stat(),
    remove: (path) => pc1.file(path).remove({ force: true }),
    mkdir: (path) => pc1.file(path).mkdir({ recursive: true }),
    entries: (path) => pc1.file(path).entries(),
    glob: (path) => pc1.glob(`${path}/*`),
    tmpdir: () => pc1.tmpdir(),
    "upload of a file": (path) => pc1.upload(import.meta.filename, path),
    "upload of a folder": (path) => pc1.upload(join(import.meta.dirname, "waits"), path),
    download: async (path) => pc1.download(path, join(await tempFolder(), "here")),
    sysctl: () => pc1.sysctl("kernel.ostype").value(),
    facts: () => pc1.facts(),
    process: () => pc1.process("init").isRunning(),
    mount: () => pc1.mount("/").isMounted(),
    waitForFile: (path) => pc1.waitForFile(path, { timeout: "5s" }),
    waitForPort: () => pc1.waitForPort(1, { timeout: "5s" }),
    "the system's snapshot": () => takeSystemSnapshot(pc1, { guest: "linux" }),
    "the journal": () => journal(pc1, new Date(), new AbortController().signal),
    "a fault": () => asRoot(pc1, "do nothing on pc1", "true"),
  } satisfies Readonly<Record<string, (path: string) => Promise<unknown>>>;

  test.each([
    ["exits", "echo locked; exit 0\n", ["exit code 0", "output: locked"]],
    ["exits with 1", "echo locked; exit 1\n", ["exit code 1", "output: locked"]],
    ["starts another shell", "echo locked; exec sh\n", ["exit code", "output: locked"]],
    ["starts a program that prints its input", "exec cat\n", ["exit code 0"]],
  ])("that %s are an error of every operation", async (_what, lines, expected) => {
    const folder = await startWith(lines);
    for (const [name, operation] of Object.entries(operations)) {
      await expect(operation(`${folder}/kept`), name).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:FILE|INSPECTION|FAULT)_FAILED$/),
        message: expect.stringContaining("a startup file of the login shell"),
        details: SENDS_DATA.has(name)
          ? [expect.stringContaining("exit code")]
          : expect.arrayContaining(
              expected.map((detail): unknown => expect.stringContaining(detail)),
            ),
      });
    }
    await writeFile(startupFile(), "");
    expect(await pc1.file(folder).entries()).toEqual([]);
  });

  test.each([["exec 2>&1\n"], ...(loginShell === "/bin/bash" ? [["exec > >(cat) 2>&1\n"]] : [])])(
    "that join the outputs with %j are an error of every operation",
    async (lines) => {
      const folder = await startWith(lines);
      for (const [name, operation] of Object.entries(operations)) {
        await expect(operation(`${folder}/kept`), name).rejects.toMatchObject({
          code: expect.stringMatching(/^(?:FILE|INSPECTION|FAULT)_FAILED$/),
          message: expect.stringContaining(
            "a startup file of the login shell redirects its outputs",
          ),
        });
      }
    },
  );

  test.each([
    "exec cat\n",
    "exec tail -n 1\n",
    "exec tee /dev/stderr\n",
    "exec sh -c 'sort >&2; exit 1'\n",
  ])("that print the input with %j never show it in an error", async (lines) => {
    const folder = await startWith(lines);
    const here = join(await tempFolder(), "secret");
    await writeFile(here, `first\n${"x".repeat(100_000)}\nthe password\n`);
    for (const machine of [pc1, pc1.root]) {
      for (const operation of [
        () => machine.upload(here, `${folder}/one`),
        () => machine.file(`${folder}/one`).write("first\nthe password\n"),
        () => machine.file(`${folder}/one`).append("first\nthe password\n"),
      ]) {
        const error: unknown = await operation().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "FILE_FAILED" });
        expect(inspect(error, { depth: 10 })).not.toMatch(/the password|first/);
      }
    }
  });

  test("that read the input are an error of everything that writes", async () => {
    const folder = await startWith("read x\n");
    for (const operation of [
      operations.write,
      operations.append,
      operations["write nothing"],
      operations["upload of a file"],
      operations["upload of a folder"],
    ]) {
      await expect(operation(`${folder}/kept`)).rejects.toMatchObject({
        code: "FILE_FAILED",
        message: expect.stringContaining("a startup file of the login shell reads the input"),
      });
    }
    expect(await pc1.file(folder).entries()).toEqual([]);
  });

  test("have no effect on a command that is too long for one argument", async () => {
    const folder = await startWith(PRINTS);
    const long = `${folder}/${"x".repeat(150_000)}`;
    for (const machine of [pc1, pc1.root]) {
      await expect(machine.file(long).exists()).resolves.toBe(false);
      await expect(machine.file(long).append("x")).rejects.toThrow("File name too long");
    }
    await writeFile(startupFile(), "read x\n");
    await expect(pc1.file(long).exists()).rejects.toThrow("reads the input");
  });

  test("are visible in the output of a test's own commands", async () => {
    await startWith("echo welcome\n");
    expect((await pc1.$`echo one`).stdout).toBe("welcome\none");
    expect((await pc1.waitUntilSucceeds`echo one`).stdout).toBe("welcome\none");
  });
});
