import { z } from "zod";
import type { ProcessIdentity } from "./process-identity.ts";

/** A process's identity in a record. Separate, because the runner's main process loads no schema. */
export const processIdentity = z.object({
  pid: z.int().positive(),
  startTime: z.string(),
  boot: z.string(),
  pidNamespace: z.string(),
}) satisfies z.ZodType<ProcessIdentity>;
