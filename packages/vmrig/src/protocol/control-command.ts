import { z } from "zod";
import { machineAccess } from "../baseline/machine-access.ts";

/** Privileged command on the machines of a claim. Only the gate may run it. */
export const controlCommand = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("power"),
    machine: z.string(),
    action: z.enum(["crash", "off", "on", "reboot"]),
  }),
  z.object({
    kind: z.literal("network"),
    machine: z.string(),
    action: z.enum(["disconnect", "connect"]),
  }),
  z.object({ kind: z.literal("admit"), machine: z.string() }),
  z.object({ kind: z.literal("checkpoint"), machines: z.array(z.string()).min(1) }),
  z.object({
    kind: z.literal("restore"),
    machines: z.array(z.string()).min(1),
    snapshot: z.string(),
  }),
]);
export type ControlCommand = z.infer<typeof controlCommand>;

export const controlResult = z.object({
  /** Machines that are up. A machine that was restarted listens at another address. */
  machines: z.array(machineAccess),
  /** Name of the snapshot that a checkpoint took. */
  snapshot: z.string().exactOptional(),
});
export type ControlResult = z.infer<typeof controlResult>;
