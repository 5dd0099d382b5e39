import { randomUUID } from "node:crypto";
import { VmrigError } from "../../../../errors/vmrig-error.ts";
import { s3Client, type S3Condition } from "./s3-client.ts";
import type { S3StoreOptions } from "./s3-store.ts";

const WRITERS = 20;

/**
 * Checks that of concurrent writes with the same condition exactly one is stored, once for a new
 * object and once for an existing one. Some servers ignore the conditions, others check them
 * correctly one by one, but not atomically.
 *
 * @throws VmrigError `STATE_UNWRITABLE` for a server that lets two writers win; the faults of a
 *   request
 */
export async function probeS3(options: S3StoreOptions): Promise<void> {
  const { prefix = "vmrig", environment = process.env, requestTimeoutMs = 5000 } = options;
  const client = s3Client({ ...options, environment, requestTimeoutMs });
  const key = `${encodeURIComponent(prefix)}/probe-${randomUUID()}`;
  const race = async (condition: S3Condition): Promise<void> => {
    const writes = Array.from({ length: WRITERS }, (_, i) =>
      client.put(key, `writer ${i} ${randomUUID()}`, condition),
    );
    const winners = (await Promise.all(writes)).filter(Boolean).length;
    if (winners === 1) return;
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `Of ${WRITERS} concurrent writers ${winners} won in ${client.shown}, instead of one.`,
      details: [condition === "absent" ? "condition: If-None-Match: *" : "condition: If-Match"],
      hint: "this server cannot store states: use one with atomic conditional writes, or another store",
    });
  };
  try {
    await race("absent");
    const object = await client.get(key);
    await race({ etag: object?.etag ?? "" });
  } finally {
    await client.remove(key).catch(() => {});
  }
}
