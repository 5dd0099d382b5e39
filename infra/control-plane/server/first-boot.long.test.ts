import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openLeaseStore } from "../../../packages/vmrig/src/lease/open-lease-store.ts";
import { person } from "../../../packages/vmrig/src/lease/fixtures/holders.ts";
import { PCS, PCS_1 } from "../../../packages/vmrig/src/lease/fixtures/rigs.ts";
import {
  newCopy,
  write,
} from "../../../packages/vmrig/src/provision/state/contract/harness.test.kit.ts";
import { redisStore } from "../../../packages/vmrig/src/provision/state/stores/redis/redis-store.ts";
import { generateKeyPair } from "../../../packages/vmrig/src/ssh/keys.ts";
import { printOutput } from "../commands/output.ts";
import { controlFiles, type ControlFiles } from "../folder.ts";
import type { Keys } from "../keys.ts";
import { DEVICE, LocalServer } from "./local-server.test.kit.ts";
import { openServer, type OpenServerOptions } from "./open-server.ts";
import { readPin } from "./pin.ts";
import { finishSetup, readCa, readPassword, waitForRedis } from "./redis-facts.ts";
import type { RootSession } from "./root-session.ts";
import { userData } from "./user-data.ts";

// An emulated machine that installs packages.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 1_800_000 });

const HOST = "127.0.0.1";
const keys: Keys = { control: generateKeyPair(), firstHost: generateKeyPair() };
const never = new AbortController().signal;

let server: LocalServer;
let files: ControlFiles;
let session: RootSession;

const command = (line: string): Promise<string> =>
  session.run(line, { task: `run ${line}`, timeoutMs: 300_000 });

const options = (): OpenServerOptions => ({
  at: { host: HOST, port: server.ssh },
  server: "42",
  files,
  keys,
  signal: never,
  say: () => {},
});

beforeAll(async () => {
  const settings = { address: HOST, device: DEVICE, prefix: "vmrig" };
  const text = await userData({
    settings,
    hostKey: keys.firstHost,
    controlKey: keys.control.publicKey,
  });
  server = await LocalServer.start(text);
  files = controlFiles(server.folder);
  session = await openServer(options());
  await waitForRedis(session, never);
});
afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function address() {
  const url = `rediss://vmrig:${await readPassword(session)}@${HOST}:${server.redis}`;
  return { url, tls: { ca: await readCa(session) } };
}

test("the host key of the user data is replaced by one that only the server has", async () => {
  const pin = await readPin(files.knownHosts);
  expect(pin).toMatchObject({ server: "42", hostKey: expect.stringMatching(/^ssh-ed25519 /) });
  expect(pin?.hostKey).not.toBe(keys.firstHost.publicKey);
  // The server refuses to be reached with the first one, and another call needs only the pin.
  await using again = await openServer({
    ...options(),
    keys: { ...keys, firstHost: keys.control },
  });
  expect(await again.run("ls /etc/ssh", { task: "look", timeoutMs: 30_000 })).not.toMatch(
    /vmrig_next|rsa/,
  );
  const stored = await command(
    `grep -rlF 'PRIVATE KEY' /var/lib/cloud /run/cloud-init /var/log || true`,
  );
  expect(stored.trim()).toBe("");
});

test("a lease is held and a state is stored over TLS", async () => {
  const redis = await address();
  await using leases = await openLeaseStore({ redis });
  const holder = person("alice");
  const first = await leases.acquire(PCS, { holder, ttlMs: 60_000, waitForMs: 10_000 });
  const second = await leases.acquire(PCS, {
    holder: person("bob"),
    ttlMs: 60_000,
    waitForMs: 30_000,
    onWait: () => void first.release(),
  });
  expect(second.fence).toBeGreaterThan(first.fence);
  await second.release();
  await using store = await redisStore({ redis });
  const copy = newCopy();
  await store.claim(copy, 10);
  expect(await store.write(copy, write(0, 10))).toMatchObject({ outcome: "written" });
});

test("the settings of the team are printed without the password, and Redis cannot read it", async () => {
  const lines: string[] = [];
  const call = { files, signal: never, say: () => {}, print: (line: string) => lines.push(line) };
  await printOutput(call, { address: HOST, session });
  const password = await readPassword(session);
  expect(lines[0]).toBe("VMRIG_REDIS_URL  rediss://vmrig:***@127.0.0.1:6379");
  expect(lines.join("\n")).not.toContain(password);
  expect(await readFile(files.ca, "utf8")).toBe(await readCa(session));
  await expect(
    command("runuser -u redis -- cat /var/lib/vmrig-redis/secrets/password"),
  ).rejects.toMatchObject({ message: expect.stringContaining("denied") });
});

test("a setup that runs again changes nothing, and one that was cut is finished", async () => {
  const before = await address();
  await command("rm /etc/vmrig-redis/users.acl && systemctl disable --now -q vmrig-redis.service");
  await finishSetup(session);
  await waitForRedis(session, never);
  expect(await address()).toEqual(before);
});

test("data and secrets are on the volume, and Redis runs confined", async () => {
  expect(await command("findmnt -n -o SOURCE,FSTYPE /var/lib/vmrig-redis")).toMatch(
    /^\/dev\/sd\w+ +ext4/,
  );
  expect(await command("grep vmrig-redis /etc/fstab")).not.toContain("nofail");
  expect(await command("ss -Hltn 'sport = :6379 or sport = :6380'")).toMatch(/0\.0\.0\.0:6379/);
  expect((await command("systemctl is-active redis-server.service || true")).trim()).toBe(
    "inactive",
  );
  const limits = await command(
    "grep -E '^(NoNewPrivs|CapEff|Seccomp):' /proc/$(systemctl show -P MainPID vmrig-redis)/status",
  );
  expect(limits).toMatch(/CapEff:\s0+\n/);
  expect(limits).toMatch(/NoNewPrivs:\s1\nSeccomp:\s2/);
  expect(await command("apt-config dump APT::Periodic::Unattended-Upgrade")).toContain('"1"');
});

test.each(["-L other", ""])(
  "a volume with another file system (%s) is left as it is",
  async (label) => {
    const device = (
      await command(
        `truncate -s 32M /root/other && mkfs.ext4 -q -F ${label} /root/other && losetup -f --show /root/other`,
      )
    ).trim();
    const before = await command(`blkid -p ${device}`);
    await command(
      `cp /etc/vmrig-redis/settings /root/ && echo DEVICE=${device} >> /etc/vmrig-redis/settings`,
    );
    await expect(command("vmrig-redis-volume")).rejects.toMatchObject({
      message: expect.stringContaining("left as it was"),
    });
    expect(await command(`blkid -p ${device}`)).toBe(before);
    await command(`mv /root/settings /etc/vmrig-redis/settings && losetup -d ${device}`);
  },
);

test("a lease outlives the end of Redis, which starts again by itself", async () => {
  await using leases = await openLeaseStore({ redis: await address() });
  const lease = await leases.acquire(PCS, {
    holder: person("carol"),
    ttlMs: 300_000,
    waitForMs: 10_000,
  });
  await command("systemctl kill -s KILL vmrig-redis.service");
  await waitForRedis(session, never);
  lease.assertHeld();
  await leases.saveRecord(lease, { still: "here" });
  expect(await leases.record(PCS_1)).toEqual({ still: "here" });
  await lease.release();
});

test("a backup brings data and password back after the volume was emptied", async () => {
  const redis = await address();
  const copy = newCopy();
  {
    await using store = await redisStore({ redis });
    await store.claim(copy, 10);
    await store.write(copy, write(0, 10));
  }
  // Redis writes its dump when it ends.
  await command("systemctl restart vmrig-redis.service && vmrig-redis-daily");
  await command(
    "systemctl stop vmrig-redis.service && rm -rf /var/lib/vmrig-redis/data/* /var/lib/vmrig-redis/secrets/password",
  );
  await command("vmrig-redis-restore $(ls /var/backups/vmrig-redis | head -n 1)");
  await waitForRedis(session, never);
  await using store = await redisStore({ redis });
  expect(await store.read(copy)).toMatchObject({ text: write(0, 10).text });
});
