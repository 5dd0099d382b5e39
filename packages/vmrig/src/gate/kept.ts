import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../driver/driver.ts";

const kept = z.object({
  copy: z.string(),
  fence: z.number(),
  /** Milliseconds since the epoch. */
  until: z.number(),
  why: z.string(),
  machines: z.array(
    z.object({
      name: z.string(),
      lanAddress: z.string(),
      target: z.object({ host: z.string(), port: z.number(), user: z.string(), hostKey: z.string(), privateKey: z.string() }),
    }),
  ),
});

/** Machines that a run left as they were, and how whoever ran it gets in. Only this user can read it: the key is in it. */
export type Kept = z.infer<typeof kept>;

/** Beside the copy's machines. It outlives the run, and is worth nothing once somebody else has rolled the machines back. */
export async function writeKept({ folder }: CopySpec, value: Kept): Promise<void> {
  const path = join(folder, "kept.json");
  await writeFile(`${path}.${process.pid}`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}

/** @returns nothing when this user keeps nothing of the copy, or did until a while ago. Whether the lease still stands, Redis knows */
export async function readKept({ folder }: CopySpec, now: number): Promise<Kept | undefined> {
  try {
    const value = kept.parse(JSON.parse(await readFile(join(folder, "kept.json"), "utf8")));
    return value.until > now ? value : undefined;
  } catch {
    return undefined; // never written, or cut off
  }
}

export async function dropKept({ folder }: CopySpec): Promise<void> {
  await rm(join(folder, "kept.json"), { force: true });
}
