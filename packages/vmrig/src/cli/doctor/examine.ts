import { resolve } from "node:path";
import type { Clock } from "../../clock/clock.ts";
import { copySpecs } from "../../config/copy-spec.ts";
import { openFolders, type Folders } from "../../config/folders.ts";
import { findConfig, loadConfig } from "../../config/load.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { CopySpec } from "../../driver/driver.ts";
import type { Finding } from "../../driver/finding.ts";
import { asVmrigError } from "../../errors/vmrig-error.ts";
import { configuredRedis, embeddedFolders, namespaceOf } from "../../gate/store/open-store.ts";
import { embeddedRedis } from "../../redis/embedded-redis.ts";
import { findRedisServer } from "../../redis/redis-binary.ts";
import type { RedisAddress } from "../../redis/address.ts";
import { examineDisk } from "./disk.ts";
import { failure } from "./finding.ts";
import { examineCopyFolders, examineSocketPaths, examineStateFolder } from "./folders.ts";
import { examineKeys } from "./keys.ts";
import { examineNode } from "./node-version.ts";
import { examineRedis } from "./redis.ts";
import { examineSshClient } from "./ssh-client.ts";
import { examineState } from "./state.ts";
import { examineTerraform } from "./terraform.ts";

export interface ExamineOptions {
  readonly cwd: string;
  readonly config?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly nodeVersion: string;
  /** Less free space on a disk causes a warning. */
  readonly leastFreeBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Tries every prerequisite of a run: starts Redis, acquires a lease, initialises Terraform. Skips
 * checks that depend on a missing prerequisite.
 */
export async function* examine(options: ExamineOptions): AsyncGenerator<Finding> {
  const { env, clock, signal, nodeVersion, leastFreeBytes } = options;
  yield examineNode(nodeVersion);

  const rig = await loadRig(options);
  yield rig.finding;

  const folders = await openFolders(env).catch((error: unknown) => failure("folders", error));
  if ("what" in folders) yield folders;
  else {
    yield await examineStateFolder(folders);
    yield await examineKeys(folders);
    yield await examineDisk("state", folders.state, leastFreeBytes);
    yield await examineDisk("cache", folders.cache, leastFreeBytes);
  }

  signal.throwIfAborted();
  const redis = await findRedis(rig.value, "what" in folders ? undefined : folders, options);
  if ("what" in redis) yield redis;
  else yield* examineRedis({ redis, ...namespaceOf(rig.value?.redis), clock });

  signal.throwIfAborted();
  if (rig.value !== undefined && !("what" in folders) && !("what" in redis))
    yield await examineState({ rig: rig.value, folders, env, clock });

  signal.throwIfAborted();
  yield await examineTerraform(env, signal);
  if (rig.value !== undefined && !("what" in folders)) yield* examineMachines(rig.value, folders);
  yield await examineSshClient(env);
}

async function loadRig({
  cwd,
  config,
}: ExamineOptions): Promise<{ readonly finding: Finding; readonly value?: ResolvedRig }> {
  try {
    const file = config === undefined ? await findConfig(cwd) : resolve(cwd, config);
    const { rig } = await loadConfig(file);
    const machines = Object.keys(rig.machines).join(", ");
    return {
      finding: {
        what: "config",
        status: "ok",
        measured: `${file}: rig ${rig.name} with ${machines}`,
      },
      value: rig,
    };
  } catch (error) {
    const missing = asVmrigError(error).code === "CONFIG_NOT_FOUND";
    return { finding: failure("config", error, missing ? "`vmrig init` writes one" : undefined) };
  }
}

/**
 * Finds the Redis servers. Starts the embedded Redis, as a run does. Reports a missing redis-server
 * program even while an embedded Redis still runs.
 */
async function findRedis(
  rig: ResolvedRig | undefined,
  folders: Folders | undefined,
  { env, clock }: ExamineOptions,
): Promise<readonly RedisAddress[] | Finding> {
  const what = "Redis";
  try {
    const configured = configuredRedis(rig?.redis, env);
    if (configured !== undefined) return configured;
    findRedisServer(env["PATH"]);
    if (folders === undefined)
      return {
        what,
        status: "fail",
        measured: "not started: it has no safe folder",
        fix: "fix the folders first",
      };
    return [await embeddedRedis({ ...embeddedFolders(folders), path: env["PATH"] ?? "", clock })];
  } catch (error) {
    return failure(what, error);
  }
}

async function* examineMachines(rig: ResolvedRig, folders: Folders): AsyncGenerator<Finding> {
  const copies = await copySpecs(rig, folders);
  yield await examineCopyFolders(copies);
  yield examineSocketPaths(folders, copies.at(-1)?.copy ?? "", Object.keys(rig.machines));
  try {
    // All copies have the same prerequisites, so one is enough.
    yield* (await rig.driver.diagnose?.(copies[0] as CopySpec)) ?? [];
  } catch (error) {
    yield failure(`driver ${rig.driver.name}`, error);
  }
}
