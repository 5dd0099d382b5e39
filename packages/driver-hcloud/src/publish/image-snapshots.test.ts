import { expect, test } from "vitest";
import { startCloud, page } from "../api/call/cloud.test.kit.ts";
import * as replies from "../api/replies.test.kit.ts";
import { cloudArchitecture, type LocalImage } from "./cloud-image.ts";
import { findSnapshots, imageLabels } from "./image-snapshots.ts";

const image: LocalImage = { name: "debian-13", digest: "recipe:12ab", disk: "" };
const snapshot = (id: number, more: object = {}): object =>
  replies.image({ id, type: "snapshot", name: null, ...more });

test("finds the snapshots of the digest and architecture, oldest first", async () => {
  const cloud = await startCloud(() =>
    page("images", [
      snapshot(9),
      snapshot(5),
      snapshot(3, { status: "creating" }),
      snapshot(2, { architecture: "arm" }),
    ]),
  );
  const wanted = { digest: image.digest, architecture: "x86" } as const;
  await expect(findSnapshots(cloud.client, wanted)).resolves.toMatchObject([
    { id: 3, status: "creating" },
    { id: 5 },
    { id: 9 },
  ]);
  expect(Object.fromEntries(cloud.calls[0]?.query ?? [])).toMatchObject({
    label_selector: "vmrig-image=recipe-12ab",
    type: "snapshot",
  });
});

test("a long digest is cut to what a label may have", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const label = imageLabels({ ...image, digest })["vmrig-image"] ?? "";
  expect(label).toMatch(/^sha256-[0-9a-f]{56}$/);
});

test("a name that is no label is left out", () => {
  expect(imageLabels({ ...image, name: "my image" })).toEqual({
    "vmrig-image": "recipe-12ab",
    "vmrig-image-architecture": "amd64",
  });
});

test.each(["", "any", "recipe:", "a:b c", "a:b:c"])("%j is no digest", (digest) => {
  expect(() => imageLabels({ ...image, digest })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

test.each([
  [{ architecture: "amd64", firmware: ["bios", "uefi"] }, "x86"],
  [{ architecture: "arm64", firmware: ["uefi"] }, "arm"],
] as const)("an image with %j boots on servers of %s", (fields, architecture) => {
  expect(cloudArchitecture({ ...image, ...fields })).toBe(architecture);
});

test.each([
  {},
  { architecture: "amd64" },
  { architecture: "amd64", firmware: ["uefi"] },
  { architecture: "arm64", firmware: ["bios"] },
] as const)("an image with %j boots on no server", (fields) => {
  expect(() => cloudArchitecture({ ...image, ...fields })).toThrow("does not boot on a server");
});
