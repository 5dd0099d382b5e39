import { SECRET } from "./double.test.kit.ts";
import { expect, test } from "vitest";
import { driverContract } from "vmrig/driver-contract";
import { listServers } from "./api/servers.ts";
import { firstHostKey } from "./keys.ts";
import { startMachines } from "./machines.test.kit.ts";

import { openPinned } from "./server/pinned-session.ts";

// One machine: two emulated ones would take twice as long.
const cloud = await startMachines(["pc1"]);
const { backend, double, copy, driver, terraform } = cloud;

const serverId = (location = ""): number => Number(/^server (\d+)/.exec(location)?.[1]);

const cases = driverContract({
  driver,
  copy,
  secret: SECRET,
  terraform,
  lan: true,
  // The key of gates goes, too: a reset does not bring it back, and the image is written again.
  wipe: "sudo -n rm -rf /home /var /opt /srv /root",
  async kill({ location }) {
    const pid = backend.pid(serverId(location));
    process.kill(pid ?? expect.unreachable(`${location} has no process`), "SIGKILL");
  },
  async leftovers() {
    const { servers, networks, firewalls, placementGroups, sshKeys, primaryIps } = double.project;
    return [servers, networks, firewalls, placementGroups, sshKeys, primaryIps].flatMap(({ all }) =>
      all.map(({ id, name }) => `${id} ${name}`),
    );
  },
});

for (const [index, { title, run }] of cases.entries()) {
  test(title, async () => {
    try {
      // Its assertions use node:assert, which Vitest does not count.
      expect(await run()).toBeUndefined();
    } catch (cause) {
      const [server] = double.project.servers.all;
      const console = server === undefined ? "" : await backend.console(server.id);
      throw new Error(`${String(cause)}\nconsole: ${console.slice(-2000)}`, { cause });
    } finally {
      if (index === cases.length - 1) await cloud[Symbol.asyncDispose]();
    }
  });
  if (title.startsWith("a created machine boots"))
    test("the private key of the first boot is nowhere in the machine", firstKeyIsGone);
}

/** It was in the user data, of which cloud-init keeps copies. */
async function firstKeyIsGone(): Promise<void> {
  const [server] = await listServers(cloud.client);
  const { labels } = server ?? expect.unreachable();
  // The first lines of two keys are equal; the secret begins in the third.
  const { privateKey } = firstHostKey(SECRET, labels["vmrig-boot"] ?? "");
  const [, , , line = ""] = privateKey.split("\n");
  await using session = await openPinned(server ?? expect.unreachable(), {
    ref: { copy, name: "pc1" },
    by: { fence: 1, signal: new AbortController().signal, secret: SECRET },
  });
  const { signal } = new AbortController();
  const search = (text: string) =>
    session.run('grep -rlsF -- "$1" /etc /run /var /root /home /tmp', {
      args: [text],
      timeoutMs: 120_000,
      signal,
    });
  expect(line).toMatch(/^[\w+/]{60,}$/);
  expect(await search(line)).toMatchObject({ code: 1, stdout: "" });
  // The same search finds what is there.
  expect((await search("vmrig-lease")).stdout).toContain("/home/vmrig/.ssh/authorized_keys");
}
