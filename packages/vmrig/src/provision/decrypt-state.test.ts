import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { decryptState } from "./decrypt-state.ts";

const CLEAR = '{"version":4,"serial":1,"lineage":"l","resources":[]}';
const ENCRYPTED = JSON.stringify({
  serial: 1,
  lineage: "l",
  meta: {},
  encrypted_data: Buffer.from(CLEAR).toString("base64"),
  encryption_version: "v0",
});

/** A stand-in for OpenTofu, which no registry has: base64 is its encryption, `TF_ENCRYPTION` its key. */
async function tofuIn(folder: string): Promise<string> {
  const tofu = join(folder, "tofu");
  const script = `#!/bin/sh
test "$1" = version && { echo '{"terraform_version":"1.12.6"}'; exit; }
test "$1" = init && exit
test "$TF_ENCRYPTION" = key || { echo "Error: decryption failed" >&2; exit 1; }
sed 's/.*"encrypted_data":"\\([^"]*\\)".*/\\1/' encrypted.tfstate | base64 -d
`;
  await writeFile(tofu, script);
  await chmod(tofu, 0o755);
  return tofu;
}

test("a state that OpenTofu encrypted is read with its key", async () => {
  const VMRIG_TERRAFORM = await tofuIn(await tempFolder());
  const env = { PATH: process.env["PATH"], VMRIG_TERRAFORM, TF_ENCRYPTION: "key" };
  expect(await decryptState(ENCRYPTED, 'state of "pcs-1"', env)).toBe(CLEAR);
});

test("without its key, the error names the variable and has the words of OpenTofu", async () => {
  const VMRIG_TERRAFORM = await tofuIn(await tempFolder());
  const env = { PATH: process.env["PATH"], VMRIG_TERRAFORM };
  await expect(decryptState(ENCRYPTED, 'state of "pcs-1"', env)).rejects.toMatchObject({
    code: "STATE_KEY_MISSING",
    summary: expect.stringContaining('OpenTofu encrypted the state of "pcs-1"') as unknown,
    details: ["Error: decryption failed"],
    hint: expect.stringContaining("TF_ENCRYPTION") as unknown,
  });
});

test.each([
  ["a state in clear", CLEAR],
  ["a state with such a word in a value", CLEAR.replace('"l"', '"\\"encrypted_data\\""')],
  ["a damaged text", '{"encrypted_data":'],
  ["no state", undefined],
])("%s is returned as it is, without OpenTofu", async (_, text) => {
  const env = { VMRIG_TERRAFORM: "/nonexistent" };
  expect(await decryptState(text, "state", env)).toBe(text);
});
