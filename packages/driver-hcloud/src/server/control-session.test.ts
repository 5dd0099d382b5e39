import { generateKeyPair } from "vmrig/driver";
import { expect, test } from "vitest";
import { TWO_MACHINES } from "../double.test.kit.ts";
import { openControl } from "./control-session.ts";

test("a machine that does not answer may be one whose firewall leaves this computer out", async () => {
  const opened = openControl({
    ref: { copy: TWO_MACHINES, name: "pc1" },
    // Reserved for documentation (RFC 5737): nothing answers.
    host: "192.0.2.1",
    hostKey: generateKeyPair().publicKey,
    secret: "secret",
    timeoutMs: 500,
    signal: new AbortController().signal,
  });
  await expect(opened).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringMatching(/SSH at 192\.0\.2\.1:22 on pc1/),
    hint: expect.stringContaining("`firewall.ssh`"),
  });
});
