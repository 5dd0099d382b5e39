import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { reference, type LocalResource, type RigStack } from "../driver/rig-stack.ts";
import { FINGERPRINT } from "./file-driver.test.kit.ts";
import { test, type TestRig } from "./test-rig.test.kit.ts";
import { openStateFolder } from "./state-folder.ts";
import { synthesize } from "./synthesize.ts";
import type { WrittenStack } from "./written-stack.ts";

const lan: LocalResource = {
  name: "lan",
  input: { camelKey: 1 },
  replaceOn: {},
  create: {
    command: ["make", "a b", "it's ${HOME}"],
    environment: { A: "%{x}", VMRIG_INPUT: "overwritten" },
  },
  destroy: { command: ["unmake"] },
};

interface StackJson {
  readonly terraform: Record<string, unknown>;
  readonly provider?: Record<string, unknown>;
  readonly data?: Record<string, Record<string, unknown>>;
  readonly import?: readonly unknown[];
  readonly resource: Record<string, Record<string, unknown>>;
}

async function stackOf(
  { copy, driver }: TestRig,
  declare: (stack: RigStack) => void,
  imports: ReadonlyMap<string, string> = new Map(),
): Promise<WrittenStack & { resources: Record<string, unknown>; stack: StackJson }> {
  const files = await openStateFolder(copy);
  const written = await synthesize({
    driver: { ...driver, declare },
    copy,
    fingerprint: FINGERPRINT,
    owner: "o",
    files,
    imports,
  });
  const text = await readFile(files.configuration, "utf8");
  const stack = JSON.parse(text) as StackJson;
  const { declared, addresses, disruptive, environment } = written;
  const resources = stack.resource["terraform_data"] ?? {};
  return { declared, addresses, disruptive, environment, resources, stack };
}

const HCLOUD = {
  name: "hcloud",
  source: "hetznercloud/hcloud",
  version: "1.68.0",
  settings: { poll_interval: "1s" },
  environment: ["HCLOUD_TOKEN"],
};

test("declares resources of a provider: pinned, with references, and with everything else escaped", async ({
  testRig,
}) => {
  const server = {
    name: "${x}",
    image: reference("data.hcloud_image.debian", "id"),
    labels: { camelKey: "a" },
    network: [{ network_id: reference("hcloud_network.lan", "id") }],
  };
  const { stack, addresses, disruptive, environment } = await stackOf(
    testRig,
    (declaring) => {
      declaring.provider(HCLOUD);
      declaring.data({ type: "hcloud_image", name: "debian", attributes: { name: "debian-13" } });
      declaring.resource({ type: "hcloud_network", name: "lan", attributes: {} });
      declaring.resource({
        type: "hcloud_server",
        name: "pc1",
        attributes: server,
        dependsOn: ["lan"],
        ignoreChanges: ["image"],
        disruptive: ["server_type"],
      });
    },
    new Map([["hcloud_server.pc1", "42"]]),
  );

  expect(stack.terraform).toEqual({
    backend: { http: {} },
    required_providers: { hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" } },
  });
  expect(stack.provider).toEqual({ hcloud: [{ poll_interval: "1s" }] });
  expect(stack.data?.["hcloud_image"]).toMatchObject({ debian: { name: "debian-13" } });
  expect(stack.resource["hcloud_server"]?.["pc1"]).toMatchObject({
    name: "$${x}",
    image: "${data.hcloud_image.debian.id}",
    labels: { camelKey: "a" },
    network: [{ network_id: "${hcloud_network.lan.id}" }],
    depends_on: ["terraform_data.vmrig_owner", "hcloud_network.lan"],
    lifecycle: { ignore_changes: ["image"] },
  });
  expect(stack.import).toEqual([{ to: "hcloud_server.pc1", id: "42" }]);
  expect([...addresses]).toEqual([
    ["lan", "hcloud_network.lan"],
    ["pc1", "hcloud_server.pc1"],
  ]);
  expect([disruptive["hcloud_server"], [...environment]]).toEqual([
    ["server_type"],
    ["HCLOUD_TOKEN"],
  ]);
});

test("declares steps as quoted and escaped commands, under an address without a hash", async ({
  testRig,
}) => {
  const { declared, resources } = await stackOf(testRig, (stack) => stack.local(lan));

  expect([...declared.keys()]).toEqual(["lan"]);
  expect(resources["lan"]).toMatchObject({
    depends_on: ["terraform_data.vmrig_owner"],
    input: { camelKey: 1 },
    provisioner: [
      {
        "local-exec": {
          command: "exec make 'a b' 'it'\\''s $${HOME}'",
          environment: {
            A: "%%{x}",
            VMRIG_INPUT: "${jsonencode(self.input)}",
            VMRIG_ORIGIN: `\${jsonencode({ resource = self.id, values = "${declared.get("lan")}" })}`,
          },
        },
      },
      {
        "local-exec": {
          command: "exec unmake",
          when: "destroy",
          environment: { VMRIG_INPUT: "${jsonencode(self.input)}" },
        },
      },
    ],
  });
});

test("orders resources by their dependencies", async ({ testRig }) => {
  const { resources } = await stackOf(testRig, (stack) => {
    stack.local(lan);
    stack.local({ ...lan, name: "pc1", dependsOn: ["lan"] });
  });

  expect(resources["pc1"]).toMatchObject({
    depends_on: ["terraform_data.vmrig_owner", "terraform_data.lan"],
  });
});

test.for(["1pc", "pc 1", "pc.1", "-pc", "", "pç"])(
  "refuses the name %j",
  async (name, { testRig }) => {
    await expect(stackOf(testRig, (stack) => stack.local({ ...lan, name }))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  },
);

test.for(["lan", "vmrig_owner"])(
  "refuses a second resource called %s",
  async (name, { testRig }) => {
    await expect(
      stackOf(testRig, (stack) => {
        stack.local(lan);
        stack.local({ ...lan, name });
      }),
    ).rejects.toMatchObject({ code: "INTERNAL" });
  },
);
