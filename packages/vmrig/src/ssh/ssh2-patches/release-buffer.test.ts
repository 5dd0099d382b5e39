import { expect, test } from "vitest";
import { releaseBuffer } from "./release-buffer.ts";

test("frees an unshared buffer immediately, and leaves a shared one intact", () => {
  const own = Buffer.allocUnsafeSlow(100_000);
  releaseBuffer(own);
  expect(own.byteLength).toBe(0);
  const [shared, neighbour] = [Buffer.from("shared"), Buffer.from("neighbour")];
  releaseBuffer(shared);
  expect([shared.toString(), neighbour.toString()]).toEqual(["shared", "neighbour"]);
});
