import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { echo, startService } from "../../ssh/fixtures/service.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((made) => (rig = made));

test.each(["127.0.0.1", "::1"])(
  "waitForPort resolves as soon as something listens on %s",
  async (host) => {
    const port = await freePort();
    const events: string[] = [];
    const waiting = rig.pc1
      .waitForPort(port, { timeout: "20s", interval: 20 })
      .then(() => events.push("open"));
    // Probes have run by now, and none of them found the port open.
    await Promise.all([rig.pc1.$`true`, rig.pc1.$`true`]);
    events.push("listen");
    await startService(echo(), { host, port });
    await waiting;
    expect(events).toEqual(["listen", "open"]);
  },
);

test("the timeout for a closed port lists the open ports", async () => {
  const port = await freePort();
  // The machine is this computer, which may have more than the ten ports that are listed.
  await expect(rig.pc1.waitForPort(port, { timeout: "3s" })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(
      new RegExp(
        `^Waited \\d+\\.\\d s for port ${port} on pc1; last seen: listening are .*(\\b${rig.server.target.port}\\b| and \\d+ more\\.)`,
      ),
    ),
  });
});

test("waitUntilSucceeds resolves with the result of the successful run", async () => {
  const flag = join(rig.server.folder, "flag");
  const waiting = rig.pc1.waitUntilSucceeds({ timeout: "20s", interval: 20 })`cat ${flag}`;
  await rig.pc1.$({ reject: false })`true`;
  // Written atomically: a probe could otherwise read an empty file.
  await writeFile(`${flag}.new`, "ready\n");
  await rename(`${flag}.new`, flag);
  expect(await waiting).toMatchObject({ stdout: "ready", exitCode: 0, failed: false });
});

test("waitUntilSucceeds times out with the last exit code and the last line", async () => {
  const waiting = rig.pc1.waitUntilSucceeds({
    timeout: "3s",
  })`echo first >&2; echo "no ${"luck"}" >&2; exit 7`;
  await expect(waiting).rejects.toMatchObject({ code: "WAIT_TIMEOUT", fault: "test" });
  await expect(waiting).rejects.toThrow(/to succeed on pc1; last seen: exit code 7: no luck\./);
});

test("waitUntilSucceeds ends a hanging run at its deadline", async () => {
  await expect(rig.pc1.waitUntilSucceeds({ timeout: "3s" })`sleep 600`).rejects.toThrow(
    "last seen: it was still running at the deadline",
  );
});

test("waitUntilSucceeds tolerates a lost connection", async () => {
  const once = join(rig.server.folder, "once");
  await using fresh = await startMachine();
  const result = await fresh.pc1.waitUntilSucceeds({
    timeout: "20s",
  })`[ -e ${once} ] || { : >${once}; kill -KILL $PPID; sleep 600; }; echo survived`;
  expect(result.stdout).toBe("survived");
  expect(fresh.dials()).toBe(2);
});

test("an abort ends a wait with its reason", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const waiting = rig.pc1.waitForPort(await freePort(), { signal: abort.signal });
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
