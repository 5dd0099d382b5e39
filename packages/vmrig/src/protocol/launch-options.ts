import { z } from "zod";

/** Options that the runner passes to the gate's process. */
export const launchOptions = z.object({
  /** Path of the socket that the gate serves. */
  socket: z.string(),
  /** Path of the config. */
  config: z.string(),
  /** Number of copies that the runner can use at the same time. */
  maxCopies: z.number().exactOptional(),
  holder: z.object({ who: z.string(), host: z.string(), command: z.string(), session: z.string() }),
});
export type LaunchOptions = z.infer<typeof launchOptions>;
