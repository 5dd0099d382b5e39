import { rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../clock/clock.ts";
import { copiesFolder } from "../../config/copy-spec.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { GateOptions } from "../../gate/gate-options.ts";
import { openPlainStates } from "../../gate/store/open-states.ts";
import { probeStore } from "../../provision/state/probe-store.ts";
import type { StateOptions } from "../../provision/state/state-options.ts";
import { fileStore } from "../../provision/state/stores/file/file-store.ts";
import { s3OptionsOf } from "../../provision/state/stores/s3/s3-options.ts";

export interface InitStateStoreOptions extends Pick<GateOptions, "rig" | "folders" | "holder"> {
  readonly to: StateOptions;
}

export interface InitializedStore {
  /** Printable place. */
  readonly shown: string;
  /** For `pg`: statements for a role that only uses the tables. */
  readonly grants?: string;
}

/**
 * Prepares a store for the first state: creates the tables of `pg`, checks the conditional writes of
 * `s3`, and writes and reads a small state of a rig that does not exist. May be repeated.
 *
 * @throws VmrigError `STATE_UNWRITABLE` for missing privileges, or a server of S3 that lets two
 *   writers win; `STATE_UNREACHABLE`, `REDIS_UNREACHABLE`
 */
export async function initStateStore(options: InitStateStoreOptions): Promise<InitializedStore> {
  const { rig, folders, holder, to } = options;
  if (to.store === "file") return await initFolder(options);
  if (to.store === "s3") {
    const { probeS3 } = await import("../../provision/state/stores/s3/probe-s3.ts");
    await probeS3(s3OptionsOf(to));
  }
  if (to.store === "pg") await createTables(to);
  await using store = await openPlainStates(rig, folders, process.env, to);
  await probeStore(store, { by: holder, clock: systemClock });
  if (to.store !== "pg") return { shown: store.shown };
  const { grantTables, tablesOf } = await import("../../provision/state/stores/pg/schema.ts");
  return { shown: store.shown, grants: grantTables(tablesOf(to.schema ?? "vmrig"), "ROLE") };
}

async function initFolder({ folders, holder }: InitStateStoreOptions): Promise<InitializedStore> {
  const shown = copiesFolder(folders);
  const folder = join(shown, "state-probe");
  try {
    await probeStore(fileStore({ folder }), { by: holder, clock: systemClock });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { shown };
}

/** Creates the tables, unless they exist and the role may only use them. */
async function createTables({ url, schema }: StateOptions & { readonly store: "pg" }) {
  const { initPgStore, pgStore } = await import("../../provision/state/stores/pg/pg-store.ts");
  const options = { url, ...(schema !== undefined && { schema }) };
  try {
    await initPgStore(options);
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "STATE_UNWRITABLE") throw error;
    await using store = pgStore(options);
    const exist = await store.newestVersion({ rig: "vmrig-doctor", copy: "" }).then(
      () => true,
      () => false,
    );
    if (exist) return;
    throw new VmrigError("STATE_UNWRITABLE", {
      message: error.summary,
      details: error.details,
      hint: "run this once with the address of a role that may create a schema",
      cause: error,
    });
  }
}
