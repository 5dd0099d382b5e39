import { readFile } from "node:fs/promises";
import { z } from "zod";
import { VmrigError } from "../../packages/vmrig/src/errors/vmrig-error.ts";

const NAME = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and "-"');
const NETWORK = z.union([z.cidrv4(), z.cidrv6()], "expected a network: 203.0.113.7/32");

const CONFIG = z.strictObject({
  /** Name of every resource in the project of the cloud. */
  name: NAME.default("vmrig-control"),
  location: NAME,
  serverType: NAME,
  /** The cloud has no smaller volume, and none that shrinks. */
  volumeGb: z.int().min(10).max(10_240).default(10),
  /** `redis.prefix` of the rigs: the only keys and channels that their user reaches. */
  prefix: NAME.default("vmrig"),
  /** Networks from which a connection is possible. */
  allow: z.strictObject({
    /** Where `npm run infra` runs. */
    ssh: z.array(NETWORK).min(1),
    /** Laptops and CI. */
    redis: z.array(NETWORK).min(1),
  }),
});

export type Config = z.infer<typeof CONFIG>;

const EXAMPLE = {
  location: "fsn1",
  serverType: "cx23",
  allow: { ssh: ["203.0.113.7/32"], redis: ["203.0.113.0/24"] },
} satisfies z.input<typeof CONFIG>;

/**
 * Reads what the operator wants.
 *
 * @throws VmrigError `CONFIG_NOT_FOUND` with an example; `CONFIG_UNREADABLE`; `CONFIG_INVALID`
 */
export async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT")
      throw new VmrigError("CONFIG_UNREADABLE", {
        message: `The config of the control plane cannot be read: ${error.message}.`,
      });
    throw new VmrigError("CONFIG_NOT_FOUND", {
      message: `The control plane has no config: ${path} does not exist.`,
      details: JSON.stringify(EXAMPLE, undefined, 2).split("\n"),
      hint: "write one like this, with the networks of your team",
    });
  });
  const parsed = CONFIG.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The config of the control plane is invalid: ${path}.`,
    details: z.prettifyError(parsed.error).split("\n"),
    hint: "see infra/control-plane/README.md",
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return String(error);
  }
}
