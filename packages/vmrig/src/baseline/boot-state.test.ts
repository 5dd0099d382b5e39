import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dial } from "../ssh/dial.ts";
import { startSshd, type TestSshd } from "../ssh/fixtures/sshd.test.kit.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { readBootState } from "./boot-state.ts";

const ALL_SHELLS: ReadonlyArray<[shell: string, file: string]> = [
  ["/bin/bash", ".bashrc"],
  ["/usr/bin/zsh", ".zshenv"],
];
const SHELLS = ALL_SHELLS.filter(([shell]) => existsSync(shell));
const signal = new AbortController().signal;

describe.each(SHELLS)("with the login shell %s", (loginShell, file) => {
  let server: TestSshd;
  let connection: SshConnection;
  beforeAll(async () => {
    server = await startSshd({ loginShell });
    connection = await dial(server.target, { name: "pc1" });
    await mkdir(join(server.folder, "bin"));
  });
  afterAll(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  /** Sets the startup file, and the states that `systemctl` reports. */
  async function prepare(startup: string, state: string, failed = ""): Promise<void> {
    const systemctl = join(server.folder, "bin/systemctl");
    await writeFile(
      systemctl,
      `#!/bin/sh\n[ "$1" = --failed ] && printf '${failed}' || echo ${state}\n`,
    );
    await chmod(systemctl, 0o755);
    await writeFile(
      join(dirname(server.folder), file),
      `PATH=${server.folder}/bin:$PATH\n${startup}`,
    );
  }

  test.each([
    ["are empty", ""],
    ["print", "echo welcome\n"],
    ["print at every command", "trap 'echo \"at $BASH_COMMAND\"' DEBUG; set -T\n"],
    ["define functions", "systemctl() { echo running; }; export -f systemctl 2>/dev/null\n"],
    ["print when the shell exits", "trap 'echo bye' EXIT\n"],
    ["print each line", "set -xv\n"],
  ])("reads the state when startup files %s", async (_what, startup) => {
    await prepare(startup, "starting");
    expect(await readBootState(connection, signal)).toEqual({ seen: "starting" });
    await prepare(startup, "running");
    expect(await readBootState(connection, signal)).toEqual({ value: { failed: [] } });
    await prepare(startup, "degraded", "a.service loaded failed\\nb.timer loaded failed\\n");
    expect(await readBootState(connection, signal)).toEqual({
      value: { failed: ["a.service", "b.timer"] },
    });
  });

  test("names a startup file that exits", async () => {
    await prepare("exit 0\n", "running");
    expect(await readBootState(connection, signal)).toEqual({
      seen: "a startup file of the login shell exits or replaces the shell",
    });
  });
});
