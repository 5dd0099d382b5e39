import { z } from "zod";
import { VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import { openStateFolder } from "../../../packages/vmrig/src/provision/state-folder.ts";
import type { StateFiles } from "../../../packages/vmrig/src/provision/state-files.ts";
import { readConfig, type Config } from "../config.ts";
import type { ControlFiles } from "../folder.ts";
import { loadKeys, type Keys } from "../keys.ts";
import { openServer } from "../server/open-server.ts";
import type { RootSession } from "../server/root-session.ts";
import { synthesize } from "../stack/synthesize.ts";
import { openEngine, type Engine } from "../terraform/engine.ts";

/** What every command gets. */
export interface Call {
  readonly files: ControlFiles;
  readonly signal: AbortSignal;
  /** Prints a line of progress. */
  readonly say: (line: string) => void;
  /** Prints a line of the result. */
  readonly print: (line: string) => void;
}

export interface Context extends Call {
  readonly config: Config;
  readonly keys: Keys;
  readonly terraform: StateFiles;
  readonly engine: Engine;
}

/** Reads the config and writes the stack. */
export async function openContext(call: Call): Promise<Context> {
  const { files, signal } = call;
  const config = await readConfig(files.config);
  const keys = await loadKeys(files);
  const terraform = await openStateFolder({ folder: files.folder, copy: config.name });
  await synthesize({ files: terraform, config, keys });
  const engine = await openEngine({ files: terraform, name: config.name, signal });
  return { ...call, config, keys, terraform, engine };
}

const OUTPUTS = z.object({ address: z.ipv4(), server: z.string().regex(/^\d+$/) });

/** The server that the state names, with a connection to it. */
export interface Existing {
  readonly address: string;
  readonly session: RootSession;
}

/**
 * Logs in on the server of the state.
 *
 * @throws VmrigError `MACHINE_MISSING` before the first apply; as {@link openServer}
 */
export async function openExisting(context: Context): Promise<Existing> {
  const { engine, files, keys, signal, say } = context;
  const outputs = OUTPUTS.safeParse(await engine.outputs());
  if (!outputs.success)
    throw new VmrigError("MACHINE_MISSING", {
      message: "The control plane does not exist yet.",
      hint: "run `npm run infra -- apply`",
    });
  const { address, server } = outputs.data;
  const at = { host: address };
  const session = await openServer({ at, server, files, keys, signal, say });
  return { address, session };
}
