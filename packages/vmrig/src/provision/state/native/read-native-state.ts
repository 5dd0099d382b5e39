import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { systemClock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { whyNoState } from "../check-format.ts";
import { isEncrypted } from "../stamp.ts";
import type { S3Address } from "../stores/s3/s3-client.ts";
import type { NativeSource } from "./native-source.ts";

export interface NativeState {
  readonly text: string;
  /** Printable place, without credentials. */
  readonly shown: string;
}

export interface ReadNativeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Needed for `s3`. */
  readonly s3?: Omit<S3Address, "bucket">;
}

const REQUEST_MS = 5_000;
const ROW = z.object({ data: z.string(), free: z.boolean() });

/**
 * Reads a state that a backend of Terraform or OpenTofu wrote.
 *
 * @throws VmrigError `STATE_LOST` when there is none, or when it is no state of version 4;
 *   `STATE_UNREACHABLE`, `CONFIG_INVALID`
 */
export async function readNativeState(
  source: NativeSource,
  options: ReadNativeOptions,
): Promise<NativeState> {
  const { text, shown, isLocked } = await READERS[source.backend](source as never, options);
  if (isLocked) {
    throw new VmrigError("STATE_UNREACHABLE", {
      message: `Terraform or OpenTofu has locked the state in ${shown}.`,
      hint: "wait until it has ended; if it was killed, run its `force-unlock`",
    });
  }
  if (text === undefined || text.trim() === "") {
    throw new VmrigError("STATE_LOST", {
      message: `There is no state in ${shown}.`,
      hint: "check the place and the workspace",
    });
  }
  const why = isEncrypted(text) ? "OpenTofu encrypted it" : whyNoState(text);
  if (why === undefined) return { text, shown };
  throw new VmrigError("STATE_LOST", {
    message: `The state in ${shown} cannot be taken over: ${why}.`,
    hint: "write it with Terraform 0.12 or newer, or with OpenTofu, without encryption",
  });
}

async function readIfExists(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

interface Found {
  readonly text: string | undefined;
  readonly shown: string;
  readonly isLocked: boolean;
}

type Reader<B extends NativeSource["backend"]> = (
  source: NativeSource & { readonly backend: B },
  options: ReadNativeOptions,
) => Promise<Found>;

const READERS: { readonly [B in NativeSource["backend"]]: Reader<B> } = {
  async local({ path }) {
    const lock = await readIfExists(join(dirname(path), `.${basename(path)}.lock.info`));
    return { text: await readIfExists(path), shown: path, isLocked: lock !== undefined };
  },

  // Terraform's backend: internal/backend/remote-state/pg, table states(id, name, data).
  async pg({ url, schema, workspace }) {
    const { openPgConnection } = await import("../stores/pg/pg-connection.ts");
    const connection = openPgConnection({
      url,
      clock: systemClock,
      statementTimeoutMs: REQUEST_MS,
    });
    try {
      const table = `"${schema.replaceAll('"', '""')}".states`;
      // The lock of both engines is an advisory lock with the id of the row. It ends with the
      // connection.
      const sql = `select data, pg_try_advisory_lock(id) as free from ${table} where name = $1`;
      const [found] = await connection.ask(sql, [workspace]);
      const row = found === undefined ? undefined : ROW.parse(found);
      const shown = `${connection.shown}, ${schema}.${workspace}`;
      return { text: row?.data, shown, isLocked: row?.free === false };
    } finally {
      await connection.close();
    }
  },

  async s3({ bucket, key }, { env, s3 }) {
    if (s3 === undefined) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `The region of the bucket "${bucket}" is missing.`,
        hint: "add --s3-region",
      });
    }
    const { s3Client } = await import("../stores/s3/s3-client.ts");
    const client = s3Client({ ...s3, bucket, environment: env, requestTimeoutMs: REQUEST_MS });
    const path = key.split("/").map(encodeURIComponent).join("/");
    const [state, lock] = [await client.get(path), await client.get(`${path}.tflock`)];
    return {
      text: state?.text,
      shown: `${client.shown}, ${key}`,
      isLocked: lock !== undefined,
    };
  },
};
