import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { fingerprint, generateKeyPair } from "./keys.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

const run = promisify(execFile);

test("ssh2 reads every pair, also one whose public key begins with a zero byte", () => {
  let leadingZeros = 0;
  for (let count = 0; count < 1500; count += 1) {
    const { privateKey, publicKey } = generateKeyPair();
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
    const [key] = [parsed].flat();
    expect(key?.getPublicSSH().equals(blob)).toBe(true);
    if (blob[19] === 0) leadingZeros += 1;
  }
  expect(leadingZeros).toBeGreaterThan(0);
});

test("ssh-keygen reads the private key and reports the same public key, comment and fingerprint", async () => {
  const folder = await tempFolder();
  for (const comment of ["", "a", "lease 7 of pcs-1"]) {
    const pair = generateKeyPair(comment);
    const file = join(folder, `key-${comment.length}`);
    await writeFile(file, pair.privateKey, { mode: 0o600 });
    const { stdout } = await run("ssh-keygen", ["-y", "-P", "", "-f", file]);
    expect(stdout.trim()).toBe(`${pair.publicKey} ${comment}`.trim());
    const listed = await run("ssh-keygen", ["-l", "-f", file]);
    expect(listed.stdout).toContain(
      fingerprint(Buffer.from(pair.publicKey.split(" ")[1] ?? "", "base64")),
    );
  }
});
