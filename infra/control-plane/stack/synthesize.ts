import type { StateFiles } from "../../../packages/vmrig/src/provision/state-files.ts";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import { userData } from "../server/user-data.ts";
import { ADDRESS, declareLasting, declareServer, LATER, SERVER } from "./declare.ts";

export interface SynthesizeOptions {
  readonly files: StateFiles;
  readonly config: Config;
  readonly keys: Keys;
}

/** Writes the stack of the whole control plane. */
export async function synthesize({ files, config, keys }: SynthesizeOptions): Promise<void> {
  const controlKey = keys.control.publicKey;
  const settings = { ...LATER, prefix: config.prefix };
  const text = await userData({ settings, hostKey: keys.firstHost, controlKey });
  const { writeStack } = await import("./write-stack.ts");
  writeStack({
    files,
    resources: [
      ...declareLasting(config, { protect: true }),
      ...declareServer({ config, controlKey, userData: text }),
    ],
    outputs: {
      address: `\${${ADDRESS}.ip_address}`,
      server: `\${${SERVER}.id}`,
    },
  });
}

/** Writes the stack without the server, and lets the cloud delete the rest. */
export async function synthesizeUnprotected({
  files,
  config,
}: Pick<SynthesizeOptions, "files" | "config">): Promise<void> {
  const { writeStack } = await import("./write-stack.ts");
  writeStack({ files, resources: declareLasting(config, { protect: false }), outputs: {} });
}
