import { expect, test, vi } from "vitest";
import { createMachineServer, startProject, TWO_MACHINES, OPTIONS } from "../double.test.kit.ts";
import { hcloud } from "../driver.ts";
import { publishRecord } from "../provisioning.test.kit.ts";

const diagnose = (options = {}) => hcloud({ ...OPTIONS, ...options }).diagnose?.(TWO_MACHINES);

test("a project that is ready says what it has", async () => {
  const project = await startProject();
  await publishRecord(project, "recipe-1");
  await createMachineServer(project, "pc1");
  const before = project.double.calls.length;
  expect(await diagnose()).toEqual([
    {
      what: "HCLOUD_TOKEN",
      status: "ok",
      measured: "it may write; its project has 1 of 2 servers of pcs-1",
    },
    {
      what: "locations and server types",
      status: "ok",
      measured: "cx23, cpx22 in fsn1, nbg1",
    },
    {
      what: "published image",
      status: "ok",
      measured: expect.stringMatching(/^debian-13, image \d+, recipe-1$/),
    },
  ]);
  const changes = project.double.calls.slice(before).filter(({ method }) => method !== "GET");
  expect(changes, "nothing is changed").toMatchObject([{ path: "/ssh_keys/0", status: 404 }]);
});

test("an image that was never published is found before the first run", async () => {
  await startProject();
  expect((await diagnose())?.at(-1)).toEqual({
    what: "published image",
    status: "fail",
    measured: 'The project in Hetzner Cloud has no image "debian-13" for x86.',
    fix: "publish it: `vmrig image publish`; if that was done, the token is that of another project",
  });
});

test("an unknown location is found, and the known ones are named", async () => {
  await startProject();
  const [, finding] = (await diagnose({ locations: ["fsn9"] })) ?? [];
  expect(finding).toMatchObject({
    status: "fail",
    measured: expect.stringMatching(/no location "fsn9".*it has: .*fsn1/),
  });
});

test("a token that may only read is the only finding, before the first run fails with it", async () => {
  const { double } = await startProject();
  double.tokens.set("reader", "read");
  vi.stubEnv("HCLOUD_TOKEN", "reader");
  expect(await diagnose()).toEqual([
    {
      what: "HCLOUD_TOKEN",
      status: "fail",
      measured: expect.stringContaining("(token_readonly)"),
      fix: "the token may only read: create one that may read and write",
    },
  ]);
});

test.each(["", "wrong"])("the token %j is the only finding", async (token) => {
  await startProject();
  vi.stubEnv("HCLOUD_TOKEN", token);
  const findings = await diagnose();
  expect(findings).toMatchObject([{ what: "HCLOUD_TOKEN", status: "fail" }]);
  expect(findings?.[0]?.fix).toContain("create");
});
