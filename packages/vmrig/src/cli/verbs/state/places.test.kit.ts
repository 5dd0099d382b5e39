import { onTestFinished, vi } from "vitest";
import { RedisServer } from "../../../redis/fixtures/redis-server.ts";
import type { StateOptions } from "../../../provision/state/state-options.ts";
import { PostgresServer } from "../../../provision/state/stores/pg/postgres-server.test.kit.ts";
import { s3At, S3Server } from "../../../provision/state/stores/s3/s3-server.test.kit.ts";

// Servers on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 120_000 });

/** A store of a shared rig, as the config and as the command line describe it. */
export interface Place {
  readonly state: StateOptions;
  readonly words: readonly string[];
  /** Variables of the command. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the Redis of a shared rig, until the test ends. @returns variables of the command */
export async function startRedis(): Promise<Readonly<Record<string, string>>> {
  const server = await RedisServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { VMRIG_REDIS_URL: `unix://${server.socketPath}` };
}

/** Starts PostgreSQL, until the test ends. */
export async function startPostgres(): Promise<Place & { readonly server: PostgresServer }> {
  const server = await PostgresServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const url = server.urlFor("admin");
  return { server, state: { store: "pg", url }, words: ["pg", "--pg-url", url], env: {} };
}

/** Describes an S3 server at this port. */
export function s3Place(port: number): Place {
  const { environment, ...address } = s3At(port);
  const words = ["--s3-bucket", address.bucket, "--s3-region", address.region, "--s3-path-style"];
  return {
    state: { store: "s3", ...address },
    words: ["s3", ...words, "--s3-endpoint", address.endpoint],
    env: environment,
  };
}

/** Starts an S3 server, until the test ends. */
export async function startS3(): Promise<Place & { readonly server: S3Server }> {
  const server = await S3Server.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, ...s3Place(server.port) };
}
