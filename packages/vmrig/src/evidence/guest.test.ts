import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { quote } from "../ssh/quote.ts";
import { startMachine, type TestMachine } from "../machine/fixtures.test.kit.ts";
import { journal, units } from "./guest.ts";

const { signal } = new AbortController();

let rig: TestMachine;
beforeAll(async () => {
  // Other programs on the PATH, for users other than the login user.
  rig = await startMachine({
    become: (_user, line) =>
      `PATH=${quote(rig.server.folder)}:$PATH; export PATH; sh -c ${quote(line)}`,
  });
});
afterAll(() => rig?.[Symbol.asyncDispose]());

async function program(name: string, script: string): Promise<void> {
  const file = join(rig.server.folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

test("the journal starts at the given time", async () => {
  const since = new Date(Date.now() - 30_000);
  await program("date", `exec /bin/date "$@"`);
  await program("journalctl", `printf '%s\\n' "$@"`);
  const words = (await journal(rig.pc1.root, since, signal)).split("\n");
  expect(words).toContain(`--since=@${(since.getTime() / 1000).toFixed(3)}`);
});

test("the journal of a machine with a slow clock covers the same time span", async () => {
  await program("date", "echo 1000000000");
  await program("journalctl", `printf '%s\\n' "$@"`);
  const words = (await journal(rig.pc1.root, new Date(Date.now() - 30_000), signal)).split("\n");
  expect(words).toContainEqual(expect.stringMatching(/^--since=@9999999(?:70|69|68)$/));
});

test("the journal covers the same time span while a test fakes its clock", async () => {
  const since = new Date(Date.now() - 30_000);
  vi.useFakeTimers({ now: new Date("2020-01-01T00:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  await program("date", "echo 1000000000");
  await program("journalctl", `printf '%s\\n' "$@"`);
  const words = (await journal(rig.pc1.root, since, signal)).split("\n");
  expect(words).toContainEqual(expect.stringMatching(/^--since=@9999999(?:70|69|68)$/));
});

test("a failed program is reported with its last output", async () => {
  await program(
    "systemctl",
    "echo of no interest >&2; echo Failed to connect to bus: No such file or directory >&2; exit 1",
  );
  await expect(units(rig.pc1.root, signal)).rejects.toMatchObject({
    code: "INSPECTION_FAILED",
    message: expect.stringContaining("Failed to connect to bus"),
  });
  await program(
    "journalctl",
    "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1",
  );
  await expect(journal(rig.pc1.root, new Date(), signal)).rejects.toMatchObject({
    message: expect.stringContaining("insufficient permissions"),
  });
});
