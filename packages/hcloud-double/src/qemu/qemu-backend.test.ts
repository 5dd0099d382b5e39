import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createServer, startDouble, type Client } from "../hcloud-double.test.kit.ts";
import { bootSectorImage } from "./boot-sector.test.kit.ts";
import { qemuBackend, type QemuBackend } from "./qemu-backend.ts";

interface Rig extends Client {
  readonly backend: QemuBackend;
  status(server: number): Promise<unknown>;
}

async function start(...guest: Parameters<typeof bootSectorImage>): Promise<Rig> {
  const imageFolder = await bootSectorImage(...guest);
  const backend = await qemuBackend({ imageFolder, memoryMb: 64, rebootMs: 200 });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  const client = await startDouble({ backend });
  const status = async (server: number) =>
    (await client.call("GET", `/servers/${server}`)).body.server["status"];
  return { ...client, backend, status };
}

function addressOf(server: { readonly [field: string]: unknown }): string {
  return (server["public_net"] as { ipv4: { ip: string } }).ipv4.ip;
}

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

const UNTIL = { timeout: 20_000 };

// A guest of one sector is for x86.
describe.skipIf(process.arch !== "x64")("a server of QEMU", () => {
  test("boots its image by firmware, and has port 22 of a separate address", async () => {
    const { backend, call, status, ...client } = await start("first boot", "hang");
    const id = await createServer({ call, ...client }, { name: "pc1" });
    const other = await createServer({ call, ...client }, { name: "pc2" });
    await expect.poll(() => backend.console(id), UNTIL).toContain("first boot");
    expect(await status(id)).toBe("running");

    const addresses = await Promise.all(
      [id, other].map(async (server) =>
        addressOf((await call("GET", `/servers/${server}`)).body.server),
      ),
    );
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) {
      expect(address).toMatch(/^127\./);
      const socket = connect(22, address);
      await once(socket, "connect");
      socket.destroy();
    }
  });

  test("is off when its guest powers itself off, and can be started again", async () => {
    const { backend, done, status, ...client } = await start("ends at once ", "power-off");
    const id = await createServer({ done, ...client }, { name: "pc1" });
    await expect.poll(() => status(id), UNTIL).toBe("off");
    expect(backend.pid(id)).toBeUndefined();

    await done("POST", `/servers/${id}/actions/poweron`);
    await expect.poll(() => backend.console(id), UNTIL).toMatch(/(?:ends at once[^]*){2}/);
    await expect.poll(() => status(id), UNTIL).toBe("off");
  });

  test("restarts by itself, again and again", async () => {
    const { backend, call, status, ...client } = await start("again ", "restart");
    const id = await createServer({ call, ...client }, { name: "pc1" });
    await expect.poll(() => backend.console(id), UNTIL).toMatch(/(?:again[^]*){3}/);
    expect(await status(id)).toBe("running");
    expect(client.double.project.servers.byId(id)?.boots).toBeGreaterThan(2);
  });

  test("is off when its process is killed", async () => {
    const { backend, status, ...client } = await start("runs", "hang");
    const id = await createServer(client, { name: "pc1" });
    process.kill(backend.pid(id) ?? 0, "SIGKILL");
    await expect.poll(() => status(id), UNTIL).toBe("off");
  });

  test("loses its power, is reset, and is removed", async () => {
    const { backend, done, status, ...client } = await start("runs ", "hang");
    const id = await createServer({ done, ...client }, { name: "pc1" });
    const first = backend.pid(id);
    await done("POST", `/servers/${id}/actions/reset`);
    const second = backend.pid(id);
    expect([isAlive(first), isAlive(second), await status(id)]).toEqual([false, true, "running"]);

    await done("POST", `/servers/${id}/actions/poweroff`);
    expect([isAlive(second), await status(id)]).toEqual([false, "off"]);
    await done("DELETE", `/servers/${id}`);
    await expect(backend.console(id)).rejects.toThrow("ENOENT");
  });

  test("goes on when its guest ignores the power button", async () => {
    const { backend, done, status, ...client } = await start("deaf", "hang");
    const id = await createServer({ done, ...client }, { name: "pc1" });
    const pid = backend.pid(id);
    await done("POST", `/servers/${id}/actions/shutdown`);
    await done("POST", `/servers/${id}/actions/reboot`);
    expect([backend.pid(id), isAlive(pid), await status(id)]).toEqual([pid, true, "running"]);
  });

  test("becomes an image while it runs, and a server made of that boots", async () => {
    const { backend, done, status, ...client } = await start("of the image ", "hang");
    const id = await createServer({ done, ...client }, { name: "pc1" });
    const { image } = await done("POST", `/servers/${id}/actions/create_image`);
    expect(await status(id)).toBe("running");
    await done("DELETE", `/servers/${id}`);

    const other = await createServer({ done, ...client }, { name: "pc2", image: image.id });
    await expect.poll(() => backend.console(other), UNTIL).toContain("of the image");
  });

  test("gets and loses interfaces of networks while it runs", async () => {
    const { call, done, ...client } = await start("runs", "hang");
    const id = await createServer({ call, done, ...client }, { name: "pc1" });
    for (const n of [1, 2, 3]) {
      const subnets = [{ type: "cloud", network_zone: "eu-central", ip_range: `10.${n}.1.0/24` }];
      const wish = { name: `lan${n}`, ip_range: `10.${n}.0.0/16`, subnets };
      const { network } = await done("POST", "/networks", wish);
      const body = { network: network.id };
      const { action } = await done("POST", `/servers/${id}/actions/attach_to_network`, body);
      expect((await call("GET", `/actions/${action.id}`)).body.action).toMatchObject({
        status: "success",
      });
    }
    await done("POST", `/servers/${id}/actions/poweroff`);
    await done("POST", `/servers/${id}/actions/poweron`);
    const { server } = (await call("GET", `/servers/${id}`)).body;
    expect(server).toMatchObject({ status: "running", private_net: [{}, {}, {}] });
  });
});

test("machines and their files end with the process that started them, also when it is killed", async () => {
  const imageFolder = await bootSectorImage("runs", "hang");
  const module = fileURLToPath(new URL("qemu-backend.ts", import.meta.url));
  const script = `
    import { qemuBackend } from ${JSON.stringify(module)};
    const backend = await qemuBackend({ imageFolder: ${JSON.stringify(imageFolder)}, memoryMb: 64 });
    const server = {
      id: 1, name: "pc1", image: 101, diskGb: 1, location: "fsn1", userData: "",
      authorizedKeys: [], rootPassword: null, networks: [],
    };
    await backend.writeImage(server);
    await backend.start(server, { from: "disk", authorizedKeys: [], onPowerOff() {}, onRestart() {} });
    process.stdout.write(String(backend.pid(1)), () => process.kill(process.pid, "SIGKILL"));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const pid = Number(await text(child.stdout));
  await ended;
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isAlive(pid), UNTIL).toBe(false);
});
