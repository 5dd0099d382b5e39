import { z } from "zod";

/** What the runner tells the gate's process when it starts it. */
export const launchOptions = z.object({
  /** Path of the socket to serve. */
  socket: z.string(),
  /** Path of the config. */
  config: z.string(),
  /** How many copies the runner can use at once. */
  maxCopies: z.number().exactOptional(),
  holder: z.object({ who: z.string(), host: z.string(), command: z.string(), session: z.string() }),
});
export type LaunchOptions = z.infer<typeof launchOptions>;
