import { generateKeyPair } from "vmrig/driver";
import { expect, test } from "vitest";
import { checkLabels } from "./api/call/label-selector.ts";
import { hostKeyIn, hostKeyLabel, isHostKeyEdited } from "./host-key-label.ts";

const OF = { machine: "pc1", secret: "secret" };
const labelled = (label: string) => ({ "vmrig-host-key": label });

test("every host key fits into a label, and comes back", () => {
  for (let count = 0; count < 300; count += 1) {
    const { publicKey } = generateKeyPair();
    const labels = labelled(hostKeyLabel(publicKey, OF));
    checkLabels(labels);
    expect(hostKeyIn(labels)).toBe(publicKey);
    expect(isHostKeyEdited(labels, OF)).toBe(false);
  }
});

test.each(["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-ed25519"])(
  "%j is refused as a host key",
  (text) => {
    expect(() => hostKeyLabel(text, OF)).toThrow("not an ed25519 key");
  },
);

test.each([undefined, "", "ed25519.short.key", "dsa"])("%j is no pinned host key", (label) => {
  expect(hostKeyIn(label === undefined ? {} : labelled(label))).toBeUndefined();
});

test("a label with another key, of another machine or of another copy is not as vmrig set it", () => {
  const [label, other] = [generateKeyPair(), generateKeyPair()].map(({ publicKey }) =>
    hostKeyLabel(publicKey, OF),
  ) as [string, string];
  const swapped = `${other.slice(0, -11)}${label.slice(-11)}`;
  for (const edited of [swapped, "", "ed25519.short.key", label.slice(0, -1)])
    expect(isHostKeyEdited(labelled(edited), OF), edited).toBe(true);
  expect(isHostKeyEdited(labelled(label), { ...OF, machine: "pc2" })).toBe(true);
  expect(isHostKeyEdited(labelled(label), { ...OF, secret: "other" })).toBe(true);
});

test("of a label from before there were marks, and of none, it is not known", () => {
  const { publicKey } = generateKeyPair();
  const old = `${hostKeyLabel(publicKey, OF).slice(0, -11)}key`;
  expect(hostKeyIn(labelled(old))).toBe(publicKey);
  expect(isHostKeyEdited(labelled(old), OF)).toBe(false);
  expect(isHostKeyEdited({}, OF)).toBe(false);
});
