import { z } from "zod";

/**
 * Where a machine is and what opens it: the only schema of it, for the grant of a claim, the result
 * of a control command and the note of a retained copy. It holds a private key.
 */
export const machineAccess = z.object({
  name: z.string(),
  /** Address on the rig's network. */
  lanAddress: z.string(),
  /** An `SshTarget`. */
  target: z.object({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    hostKey: z.string(),
    privateKey: z.string(),
  }),
});
export type MachineAccess = z.infer<typeof machineAccess>;
