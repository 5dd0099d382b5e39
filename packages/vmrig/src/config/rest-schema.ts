import { z } from "zod";
import { fields } from "./fields.ts";
import { duration } from "./units.ts";

const DAY_MS = 86_400_000;

/** What `vmrig rest` does with a copy that no run has used for a while. */
const ACTIONS = ["power-off", "destroy", "keep"] as const;

export const rest = fields({
  after: duration.refine((ms) => ms >= 60_000 && ms <= 90 * DAY_MS, 'expected "1m" to "90d"'),
  do: z.enum(ACTIONS),
});
