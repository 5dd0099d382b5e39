import { z } from "zod";
import { DEFAULT_NAMESPACE } from "../redis/namespace.ts";
import { describeAddress, serverOf, SEVERAL } from "../redis/address.ts";
import { fields, text } from "./fields.ts";

const REDIS_URL = 'expected a URL such as "redis://host:6379", or "rediss://host:6379" for TLS';

function isRedisUrl(url: string): boolean {
  try {
    return describeAddress({ url }) !== "";
  } catch {
    return false;
  }
}

const redisUrl = z.string(REDIS_URL).refine(isRedisUrl, REDIS_URL);

/**
 * Several Redises must be independent of each other, and their number must not allow a tied vote.
 */
const redisUrls = z
  .array(redisUrl, "expected a list of URLs")
  .refine(
    (urls) => SEVERAL.includes(urls.length),
    "expected 3 or 5 URLs: one Redis is `redis.url`, and with an even number a vote can tie",
  )
  .refine(
    (urls) =>
      !urls.every(isRedisUrl) || new Set(urls.map((url) => serverOf({ url }))).size === urls.length,
    "expected each server once, and only servers that run independently of each other (different databases on one server do not count as separate servers)",
  );

const pemFile = text(/\S/, "the path of a PEM file");

/** Address, key prefix and TLS files of Redis. */
export const redis = fields({
  url: redisUrl.optional(),
  urls: redisUrls.optional(),
  prefix: text(
    /^[a-zA-Z0-9]([\w.:-]{0,62}[\w.-])?$/,
    'a prefix of keys such as "vmrig" or "team-a:vmrig": letters, digits, ".", "_", ":" and "-", at most 64',
  ).default(DEFAULT_NAMESPACE),
  tls: fields({
    ca: pemFile.optional(),
    cert: pemFile.optional(),
    key: pemFile.optional(),
    servername: text(/^[\w.-]+$/, "a host name").optional(),
  })
    .refine(
      ({ cert, key }) => (cert === undefined) === (key === undefined),
      "expected cert and key together",
    )
    .optional(),
}).check(({ value: { url, urls, tls }, issues }) => {
  if (url !== undefined && urls !== undefined) {
    issues.push({
      code: "custom",
      path: ["urls"],
      input: urls,
      message: "expected either redis.url or redis.urls",
    });
  }
  if (tls === undefined) return;
  const message = "expected rediss://, because redis.tls is set";
  if (url?.startsWith("rediss:") === false)
    issues.push({ code: "custom", path: ["url"], input: url, message });
  for (const [i, one] of (urls ?? []).entries()) {
    if (!one.startsWith("rediss:"))
      issues.push({ code: "custom", path: ["urls", i], input: one, message });
  }
});
