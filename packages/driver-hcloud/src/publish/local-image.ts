import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";
import type { LocalImage } from "./cloud-image.ts";

const manifest = z.object({
  name: z.string(),
  digest: z.string(),
  disk: z.string().regex(/^[\w.-]+$/, "is not the name of a file"),
  architecture: z.enum(["amd64", "arm64"]).optional(),
  firmware: z.array(z.string()).optional(),
});

/**
 * Reads an image that was built on this computer.
 *
 * @throws VmrigError `IMAGE_MISSING`
 */
export async function readLocalImage(name: string, cacheFolder: string): Promise<LocalImage> {
  const path = join(cacheFolder, "images", name);
  try {
    // The name is a link that a build changes: digest and disk must belong to one image.
    const folder = await realpath(path);
    const text = await readFile(join(folder, "image.json"), "utf8");
    const { disk, ...image } = manifest.parse(JSON.parse(text));
    return { ...image, disk: join(folder, disk) };
  } catch (cause) {
    throw new VmrigError("IMAGE_MISSING", {
      message: `The machine image "${name}" is not on this computer, or its image.json is invalid.`,
      details: [`looked in ${path}`],
      hint: `build it with infra/images/${name}/build of vmrig's repository (npm run setup does)`,
      cause,
    });
  }
}
