import { expect, test } from "vitest";
import { describeAddress, dialOptions } from "./address.ts";

test.each([
  [
    { url: "redis://alice:s%40crt@db.example:6380/2" },
    "redis://db.example:6380/2",
    { host: "db.example", port: 6380, username: "alice", password: "s@crt", db: 2 },
  ],
  [
    { url: "redis://:only-a-password@db.example" },
    "redis://db.example",
    { host: "db.example", port: 6379, password: "only-a-password" },
  ],
  [{ url: "redis://[::1]:7000/" }, "redis://[::1]:7000", { host: "::1", port: 7000 }],
  [
    { url: "rediss://db.example" },
    "rediss://db.example",
    { host: "db.example", port: 6379, tls: { rejectUnauthorized: true } },
  ],
  [
    { url: "rediss://db.example", tls: { ca: "PEM", servername: "db" } },
    "rediss://db.example",
    {
      host: "db.example",
      port: 6379,
      tls: { ca: "PEM", servername: "db", rejectUnauthorized: true },
    },
  ],
  [{ socketPath: "/run/redis.sock" }, "unix:/run/redis.sock", { path: "/run/redis.sock" }],
])("%j is shown as %s", (address, shown, options) => {
  expect(describeAddress(address)).toBe(shown);
  expect(dialOptions(address)).toEqual(options);
});

test.each([
  "db.example:6379",
  "http://db.example",
  "redis://",
  "redis://u:hunter2@db.example/not-a-number",
  "",
])("%j is refused, and the error does not show it", (url) => {
  expect(() => dialOptions({ url })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.not.stringContaining("hunter2"),
    }),
  );
});

test("TLS options with a redis:// URL are refused", () => {
  expect(() => dialOptions({ url: "redis://u:hunter2@db.example", tls: { ca: "PEM" } })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      summary: "redis.tls is set, but redis://db.example does not use TLS.",
    }),
  );
});
