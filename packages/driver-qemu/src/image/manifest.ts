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
  /** Debian's name of the processor architecture. */
  architecture: z.enum(["amd64", "arm64"]).optional(),
  /** Kinds of firmware that boot the disk by itself, as on a cloud. An image may have none. */
  firmware: z.array(z.enum(["bios", "uefi"])).optional(),
});

/**
 * A machine image: a qcow2 disk, and the kernel and initrd that boot it directly. Paths are
 * absolute.
 */
export type Image = z.infer<typeof imageManifest>;
