import { expect, test } from "vitest";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";
import { infrastructureHash } from "./infrastructure-hash.ts";

const hash = (copy: CopySpec, print: Fingerprint): string =>
  infrastructureHash(copy, print, "this-computer");

const pc1 = { name: "pc1", cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" };
const copy: CopySpec = {
  rig: "pcs",
  copy: "pcs-1",
  folder: "/f",
  cacheFolder: "/c",
  runtimeFolder: "/r",
  machines: [pc1],
};
const fingerprint = { image: "sha256:1", platform: "qemu 7" };

test("does not depend on the order of members", () => {
  const { rig, ...rest } = copy;

  expect(hash({ ...rest, rig }, { platform: "qemu 7", image: "sha256:1" })).toBe(
    hash(copy, fingerprint),
  );
  expect(hash(copy, fingerprint)).toMatch(/^[0-9a-f]{64}$/);
});

test.for<[string, CopySpec, Fingerprint]>([
  ["a machine", { ...copy, machines: [{ ...pc1, memoryMb: 1024 }] }, fingerprint],
  ["the number of machines", { ...copy, machines: [pc1, { ...pc1, name: "pc2" }] }, fingerprint],
  ["the folder", { ...copy, folder: "/g" }, fingerprint],
  ["the image", copy, { ...fingerprint, image: "sha256:2" }],
  ["the platform", copy, { ...fingerprint, platform: "qemu 8" }],
  ["an option of the driver", copy, { ...fingerprint, options: "firewall" }],
])("changes when %s changes", ([, other, print]) => {
  expect(hash(other, print)).not.toBe(hash(copy, fingerprint));
});

test("of shared machines is the same on each computer", () => {
  const there = { ...copy, folder: "/g", cacheFolder: "/d", runtimeFolder: "/s" };

  expect(infrastructureHash(there, fingerprint, "shared")).toBe(
    infrastructureHash(copy, fingerprint, "shared"),
  );
});
