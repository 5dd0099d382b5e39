import { z } from "zod";

/** What every resource with labels has. */
export const labelled = {
  id: z.number(),
  labels: z.record(z.string(), z.string()),
  created: z.string(),
};

/** Another resource inside of one. */
export const reference = z.object({ id: z.number(), name: z.string() });
