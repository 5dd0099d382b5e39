import { z } from "zod";

/** What a test has done to machines that only the gate may do, by the claim that it holds. */
export const controlCommand = z.discriminatedUnion("deed", [
  z.object({
    deed: z.literal("power"),
    machine: z.string(),
    action: z.enum(["crash", "off", "on", "reboot"]),
  }),
  z.object({
    deed: z.literal("network"),
    machine: z.string(),
    action: z.enum(["disconnect", "connect"]),
  }),
  z.object({ deed: z.literal("checkpoint"), machines: z.array(z.string()).min(1) }),
  z.object({
    deed: z.literal("restore"),
    machines: z.array(z.string()).min(1),
    snapshot: z.string(),
  }),
]);
export type ControlCommand = z.infer<typeof controlCommand>;

/** Where a machine is, and what opens it. */
export const reached = z.object({
  name: z.string(),
  lanAddress: z.string(),
  target: z.object({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    hostKey: z.string(),
    privateKey: z.string(),
  }),
});

export const controlResult = z.object({
  /** Those that are up: one that was started anew listens at another address. */
  machines: z.array(reached),
  /** Of a checkpoint: what brings it back. */
  snapshot: z.string().exactOptional(),
});
export type ControlResult = z.infer<typeof controlResult>;
