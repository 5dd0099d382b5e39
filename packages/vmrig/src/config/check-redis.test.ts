import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { checkConfig } from "./check.ts";
import { good, mistakes } from "./check.test.kit.ts";

const PREFIX =
  'expected a prefix of keys such as "vmrig" or "team-a:vmrig": letters, digits, ".", "_", ":" and "-", at most 64';
const COUNT =
  "expected 3 or 5 URLs: one Redis is `redis.url`, and with an even number a vote can tie";
const URL_EXPECTED = 'expected a URL such as "redis://host:6379", or "rediss://host:6379" for TLS';

test.each<[title: string, config: unknown, mistake: string]>([
  [
    "an unknown key of redis",
    { ...good, redis: { host: "h" } },
    'redis: unknown setting "host"; available: url, urls, prefix, tls',
  ],
  [
    "an option that switches verification of the server off",
    { ...good, redis: { url: "rediss://h", tls: { rejectUnauthorized: false } } },
    'redis.tls: unknown setting "rejectUnauthorized"; available: ca, cert, key, servername',
  ],
  [
    "TLS as a word",
    { ...good, redis: { url: "rediss://h", tls: true } },
    "redis.tls: expected object, got true",
  ],
  [
    "a key without its certificate",
    { ...good, redis: { url: "rediss://h", tls: { key: "k.pem" } } },
    "redis.tls: expected cert and key together, got { key: 'k.pem' }",
  ],
  [
    "settings of TLS for a URL without it",
    { ...good, redis: { url: "redis://u:p@h", tls: { ca: "ca.pem" } } },
    "redis.url: expected rediss://, because redis.tls is set, got another text",
  ],
  [
    "two Redises",
    { ...good, redis: { urls: ["redis://u:p@a", "redis://b"] } },
    `redis.urls: ${COUNT}, got 2 entries`,
  ],
  [
    "four Redises",
    { ...good, redis: { urls: ["a", "b", "c", "d"].map((host) => `redis://${host}`) } },
    `redis.urls: ${COUNT}, got 4 entries`,
  ],
  [
    "one Redis in a list",
    { ...good, redis: { urls: ["redis://a"] } },
    `redis.urls: ${COUNT}, got 1 entry`,
  ],
  [
    "several Redises with a duplicate",
    { ...good, redis: { urls: ["redis://a", "redis://u:p@A:6379/1", "redis://c"] } },
    "redis.urls: expected each server once, and only servers that run independently of each other (different databases on one server do not count as separate servers), got 3 entries",
  ],
  [
    "both url and urls",
    { ...good, redis: { url: "redis://a", urls: ["redis://a", "redis://b", "redis://c"] } },
    "redis.urls: expected either redis.url or redis.urls, got 3 entries",
  ],
  [
    "several Redises with an invalid URL",
    { ...good, redis: { urls: ["redis://a", "http://u:p@b", "redis://c"] } },
    `redis.urls[1]: ${URL_EXPECTED}, got another text`,
  ],
  [
    "several Redises as a text",
    { ...good, redis: { urls: "redis://a,redis://u:p@b" } },
    "redis.urls: expected a list of URLs, got another text",
  ],
  [
    "TLS settings with a URL without TLS in the list",
    {
      ...good,
      redis: { urls: ["rediss://a", "redis://u:p@b", "rediss://c"], tls: { ca: "ca.pem" } },
    },
    "redis.urls[1]: expected rediss://, because redis.tls is set, got another text",
  ],
  ["an empty prefix", { ...good, redis: { prefix: "" } }, `redis.prefix: ${PREFIX}, got ""`],
  [
    "a prefix that is a hash tag",
    { ...good, redis: { prefix: "{a}" } },
    `redis.prefix: ${PREFIX}, got "{a}"`,
  ],
  [
    "a prefix that is a pattern",
    { ...good, redis: { prefix: "a*" } },
    `redis.prefix: ${PREFIX}, got "a*"`,
  ],
  [
    "a prefix that ends in a colon",
    { ...good, redis: { prefix: "a:" } },
    `redis.prefix: ${PREFIX}, got "a:"`,
  ],
  [
    "another scheme",
    { ...good, redis: { url: "http://h" } },
    `redis.url: ${URL_EXPECTED}, got another text`,
  ],
  [
    "a socket as a URL",
    { ...good, redis: { url: "unix:///run/redis.sock" } },
    `redis.url: ${URL_EXPECTED}, got another text`,
  ],
])("refuses %s", (_title, config, mistake) => {
  expect(mistakes(config)).toEqual([mistake]);
});

test("never shows the password of an invalid URL", () => {
  for (const url of [
    "redis:/alice:hunter2@h",
    "http://alice:hunter2@h",
    "redis://alice:hunter2@",
    "hunter2",
  ]) {
    expect(() => checkConfig({ ...good, redis: { url } }, "f")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
    expect(() => checkConfig({ ...good, redis: url }, "f")).toThrow(VmrigError);
  }
});

test("resolves paths of TLS files from the config's folder", () => {
  const redis = {
    url: "rediss://db",
    tls: { ca: "pki/ca.pem", cert: "/etc/me.pem", key: "../me.key", servername: "db" },
  };
  expect(checkConfig({ ...good, redis }, "/srv/project/vmrig.config.ts").redis).toEqual({
    url: "rediss://db",
    prefix: "vmrig",
    tls: {
      ca: "/srv/project/pki/ca.pem",
      cert: "/etc/me.pem",
      key: "/srv/me.key",
      servername: "db",
    },
  });
});

test("accepts several Redises as a list", () => {
  const config = {
    ...good,
    redis: {
      urls: ["redis://redis-a:6379", "redis://redis-b:6379", "redis://redis-c:6379"],
    },
  };
  expect(checkConfig(config, "f").redis).toEqual({ ...config.redis, prefix: "vmrig" });
  const urls = ["redis://a", "rediss://b:6380", "redis://u:p@c/1", "redis://a:1", "redis://d"];
  expect(checkConfig({ ...good, redis: { urls } }, "f").redis?.urls).toEqual(urls);
});

test("accepts redis settings without an address, for use with VMRIG_REDIS_URL", () => {
  expect(checkConfig({ ...good, redis: { prefix: "team-a:vmrig" } }, "f").redis).toEqual({
    prefix: "team-a:vmrig",
  });
});
