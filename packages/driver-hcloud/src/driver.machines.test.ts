import { expect, test } from "vitest";
import { driverContract } from "vmrig/driver-contract";
import { startMachines } from "./machines.test.kit.ts";
import { SECRET } from "./provisioning.test.kit.ts";

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
}
