import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../packages/vmrig/src/local-files/temp-folder.test.kit.ts";
import { readConfig } from "./config.ts";

const MINIMAL = {
  location: "fsn1",
  serverType: "cx23",
  allow: { ssh: ["203.0.113.7/32"], redis: ["203.0.113.0/24"] },
};

async function read(config: unknown) {
  const path = join(await tempFolder(), "config.json");
  await writeFile(path, typeof config === "string" ? config : JSON.stringify(config));
  return await readConfig(path);
}

test("name, volume and prefix have defaults", async () => {
  expect(await read(MINIMAL)).toEqual({
    ...MINIMAL,
    name: "vmrig-control",
    volumeGb: 10,
    prefix: "vmrig",
  });
});

test("a missing config is shown as an example that is valid", async () => {
  const path = join(await tempFolder(), "config.json");
  const error = await readConfig(path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "CONFIG_NOT_FOUND" });
  const { details } = error as { readonly details: readonly string[] };
  expect(await read(details.join("\n"))).toMatchObject(MINIMAL);
});

test.each([
  ["text that is not JSON", "{", "config"],
  ["an unknown key", { ...MINIMAL, tls: false }, '"tls"'],
  ["no network", { ...MINIMAL, allow: { ssh: [], redis: ["203.0.113.0/24"] } }, "allow.ssh"],
  [
    "an address without a prefix length",
    { ...MINIMAL, allow: { ssh: ["203.0.113.7"], redis: ["203.0.113.0/24"] } },
    "expected a network",
  ],
  ["a prefix with a pattern in it", { ...MINIMAL, prefix: "a*" }, "prefix"],
  ["a volume that the cloud does not have", { ...MINIMAL, volumeGb: 5 }, "volumeGb"],
])("%s is refused", async (_, config, named) => {
  await expect(read(config)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(named),
  });
});
