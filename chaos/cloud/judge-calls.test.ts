import { startDoubleProcess } from "@vmrig/hcloud-double";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { isVmrigError } from "vmrig";
import type { CopySpec } from "vmrig/driver";
import { driverOf } from "../machines.ts";
import { cloudOf, sessionOf, tokenOf } from "./cloud.ts";
import { judgeCalls, type DoneCall } from "./judge-calls.ts";

/**
 * The calls are real ones: of the driver, and of runs with a bug, to a double whose servers are
 * records.
 */
const double = await startDoubleProcess();
const cloud = cloudOf(double);
const driver = await driverOf("cloud");
afterAll(() => double[Symbol.asyncDispose]());

const copy: CopySpec = {
  rig: "chaos",
  copy: "chaos-1",
  folder: "/nowhere",
  runtimeFolder: "/nowhere",
  cacheFolder: "/nowhere",
  machines: [{ name: "pc1", cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" }],
};
const LABELS = { "vmrig-rig": "chaos", "vmrig-copy": "chaos-1", "vmrig-machine": "pc1" };
const SERVER = { server_type: "cx23", image: "debian-13", location: "fsn1", labels: LABELS };

let server: number;
let begin: number;

beforeAll(async () => {
  vi.stubEnv("HCLOUD_ENDPOINT", double.endpoint);
  for (const session of ["run-1", "run-2"])
    await double.control("POST", "/tokens", { token: tokenOf(session), access: "read-write" });
  const { body } = await cloud.call("POST", "/servers", { ...SERVER, name: "chaos-1-pc1" });
  server = (body as { readonly server: { readonly id: number } }).server.id;
  await free();
});
beforeEach(async () => {
  begin = (await cloud.calls()).length;
});

/** Waits until no action holds a server. */
async function free(): Promise<void> {
  await vi.waitFor(async () => {
    const { body } = await cloud.call("GET", "/servers");
    const { servers } = body as { readonly servers: readonly { readonly locked: boolean }[] };
    expect(servers.some(({ locked }) => locked)).toBe(false);
  }, 20_000);
}

/** Cuts the power as a run does that holds the copy under this fence. */
async function cutPower(session: string, fence: number): Promise<string> {
  vi.stubEnv("HCLOUD_TOKEN", tokenOf(session));
  await cloud.call("POST", `/servers/${server}/actions/poweron`);
  await free();
  const by = { fence, signal: AbortSignal.timeout(20_000), secret: "", authorize: "ssh-ed25519 A" };
  try {
    await driver.power?.({ copy, name: "pc1" }, "crash", by);
    return "done";
  } catch (error) {
    return isVmrigError(error) ? error.code : String(error);
  }
}

/** Calls the API past vmrig, as a gate with a bug does. */
async function callAs(session: string, method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${tokenOf(session)}` };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  await fetch(`${double.endpoint}${path}`, { method, headers, ...init });
  await free();
}

const claim = (session: string, fence: number) =>
  callAs(session, "PUT", `/servers/${server}`, {
    labels: { ...LABELS, "vmrig-fence": `${fence}` },
  });
const reset = (session: string) => callAs(session, "POST", `/servers/${server}/actions/reset`);
const look = (session: string) => callAs(session, "GET", `/servers/${server}`);

async function judged() {
  const { violations, lateCalls } = judgeCalls((await cloud.calls()).slice(begin), sessionOf);
  return { broken: violations.map(({ promise, what }) => `${promise}: ${what}`), lateCalls };
}

test("accepts what the driver does, which refuses a former holder, and what a person does", async () => {
  expect(await cutPower("run-1", 10)).toBe("done");
  expect(await cutPower("run-2", 20)).toBe("done");
  expect(await cutPower("run-1", 10)).toBe("FENCED");
  expect(await judged()).toEqual({ broken: [], lateCalls: 0 });
});

test("detects a run that ignores the fence of a later lease that it has seen", async () => {
  await claim("run-1", 30);
  await claim("run-2", 40);
  await look("run-1");
  await reset("run-1");
  const { broken } = await judged();
  expect(broken).toEqual([
    expect.stringMatching(/^fenced: .* had fence 30, and had seen that 40 /),
  ]);
});

test("detects a run that takes the fence of a later lease away", async () => {
  await claim("run-1", 50);
  await claim("run-2", 60);
  await look("run-1");
  await claim("run-1", 50);
  const { broken } = await judged();
  expect(broken).toEqual([expect.stringMatching(/^fenced: .* had seen that 60 was on it/)]);
});

test("counts a call that came too late for its check", async () => {
  await claim("run-1", 70);
  await look("run-1");
  await claim("run-2", 80);
  await reset("run-1");
  expect(await judged()).toEqual({ broken: [], lateCalls: 1 });
});

test("detects a gate that resets a machine without a lease", async () => {
  await claim("run-1", 90);
  await reset("run-2");
  const { broken } = await judged();
  expect(broken).toEqual([
    expect.stringMatching(/^fenced: POST .*reset of run-2 .* had not claimed/),
  ]);
});

test("detects a machine that has a second server, but no server in the place of one", async () => {
  const calls: Pick<DoneCall, "method" | "path" | "status" | "labels">[] = [
    { method: "POST", path: "/servers", status: 201 },
    { method: "POST", path: "/servers", status: 503 },
    { method: "DELETE", path: "/servers/1", status: 200, labels: LABELS },
    { method: "POST", path: "/servers", status: 201 },
  ];
  const body = JSON.stringify({ labels: LABELS });
  const log = calls.map((call): DoneCall => ({ at: 0, token: "run-1.", body, ...call }));
  expect(judgeCalls(log, sessionOf).violations).toEqual([]);

  begin = 0;
  await callAs("run-1", "POST", "/servers", { ...SERVER, name: "another-name" });
  expect((await judged()).broken.at(-1)).toMatch(/^no double: .* made server 2 of pc1 of chaos-1$/);
});
