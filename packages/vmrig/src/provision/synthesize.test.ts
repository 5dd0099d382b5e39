import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { LocalResource, RigStack } from "../driver/rig-stack.ts";
import { FINGERPRINT } from "./file-driver.test.kit.ts";
import { test, type TestRig } from "./test-rig.test.kit.ts";
import { openStateFolder } from "./state-folder.ts";
import { synthesize } from "./synthesize.ts";

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

async function stackOf(
  { copy, driver }: TestRig,
  declare: (stack: RigStack) => void,
): Promise<{ declared: ReadonlyMap<string, string>; resources: Record<string, unknown> }> {
  const files = await openStateFolder(copy);
  const { declared } = await synthesize({
    driver: { ...driver, declare },
    copy,
    fingerprint: FINGERPRINT,
    owner: "o",
    files,
  });
  const stack = JSON.parse(await readFile(join(files.stack, "cdk.tf.json"), "utf8")) as {
    resource: { terraform_data: Record<string, unknown> };
  };
  return { declared, resources: stack.resource.terraform_data };
}

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
