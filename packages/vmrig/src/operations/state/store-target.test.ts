import { expect, test } from "vitest";
import { configLine } from "./store-target.ts";

test("the line of the config names a store, without its password", () => {
  const url = "postgres://vmrig:s%40cret@db.example.com/vmrig?sslmode=verify-full";
  expect(configLine({ store: "pg", url, schema: undefined })).toBe(
    'state: { store: "pg", url: "postgres://vmrig@db.example.com/vmrig?sslmode=verify-full" },',
  );
  expect(configLine({ store: "s3", bucket: "b", region: "r", pathStyle: true })).toBe(
    'state: { store: "s3", bucket: "b", region: "r", pathStyle: true },',
  );
  expect(configLine({ store: "redis" })).toBe('state: { store: "redis" },');
});
