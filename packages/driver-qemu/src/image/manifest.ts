import { z } from "zod";

export const imageManifest = z.object({
  name: z.string(),
  /** Digest of disk, kernel and initrd together. */
  digest: z.string(),
  disk: z.string(),
  kernel: z.string(),
  initrd: z.string(),
  /** Kernel command line that finds the root file system. */
  append: z.string(),
});

/**
 * A machine image: a qcow2 disk, and the kernel and initrd that boot it directly. Paths are
 * absolute.
 */
export type Image = z.infer<typeof imageManifest>;
