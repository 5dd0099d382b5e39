import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((made) => (rig = made));

test.each(["127.0.0.1", "::1"])(
  "a port counts as soon as something listens on %s",
  async (host) => {
    const port = await freePort();
    const events: string[] = [];
    const waiting = rig.pc1
      .waitForPort(port, { timeout: "20s", interval: 20 })
      .then(() => events.push("open"));
    // Looks have been taken by now, and none of them saw it.
    await Promise.all([rig.pc1.$`true`, rig.pc1.$`true`]);
    events.push("listen");
    const tcp = createServer();
    await new Promise<void>((resolve) => tcp.listen(port, host, resolve));
    onTestFinished(() => void tcp.close());
    await waiting;
    expect(events).toEqual(["listen", "open"]);
  },
);

test("a port that stays closed fails with those that are open", async () => {
  const port = await freePort();
  // Of this computer, which may have more than the ten that are shown.
  await expect(rig.pc1.waitForPort(port, { timeout: "3s" })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(
      new RegExp(
        `^Waited \\d+\\.\\d s for port ${port} on pc1; last seen: listening are .*(\\b${rig.server.target.port}\\b| and \\d+ more\\.)`,
      ),
    ),
  });
});

test("waitUntilSucceeds answers with the result of the run that succeeded", async () => {
  const flag = join(rig.server.folder, "flag");
  const waiting = rig.pc1.waitUntilSucceeds({ timeout: "20s", interval: 20 })`cat ${flag}`;
  await rig.pc1.$({ reject: false })`true`;
  // Whole or not at all: a look in between would find it empty.
  await writeFile(`${flag}.new`, "ready\n");
  await rename(`${flag}.new`, flag);
  expect(await waiting).toMatchObject({ stdout: "ready", exitCode: 0, failed: false });
});

test("waitUntilSucceeds fails with the last exit code and the last line", async () => {
  const waiting = rig.pc1.waitUntilSucceeds({
    timeout: "3s",
  })`echo first >&2; echo "no ${"luck"}" >&2; exit 7`;
  await expect(waiting).rejects.toMatchObject({ code: "WAIT_TIMEOUT", fault: "test" });
  await expect(waiting).rejects.toThrow(/to succeed on pc1; last seen: exit code 7: no luck\./);
});

test("waitUntilSucceeds ends a run that hangs, at its deadline", async () => {
  await expect(rig.pc1.waitUntilSucceeds({ timeout: "3s" })`sleep 600`).rejects.toThrow(
    "last seen: it was still running at the deadline",
  );
});

test("waitUntilSucceeds waits out a lost connection", async () => {
  const once = join(rig.server.folder, "once");
  await using fresh = await startMachine();
  const result = await fresh.pc1.waitUntilSucceeds({
    timeout: "20s",
  })`[ -e ${once} ] || { : >${once}; kill -KILL $PPID; sleep 600; }; echo survived`;
  expect(result.stdout).toBe("survived");
  expect(fresh.dials()).toBe(2);
});

test("a wait can be given up, with the reason", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const waiting = rig.pc1.waitForPort(await freePort(), { signal: abort.signal });
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
