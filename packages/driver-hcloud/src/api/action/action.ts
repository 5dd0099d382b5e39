import { z } from "zod";
import { readPart, type Body } from "../call/body.ts";

/** Something that takes time. Action ids exceed 32 bits. */
export const actionSchema = z.object({
  id: z.number(),
  /** `start_server` */
  command: z.string(),
  status: z.enum(["running", "success", "error"]),
  /** In percent. */
  progress: z.number(),
  started: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type Action = z.infer<typeof actionSchema>;

const withActions = z.object({
  action: actionSchema.nullish(),
  actions: z.array(actionSchema).nullish(),
  next_actions: z.array(actionSchema).nullish(),
});

/** Returns all actions that a reply announces, in their order. */
export function readActions(body: Body, from: string): readonly Action[] {
  const { action, actions, next_actions: next } = readPart(withActions, body, from);
  return [...(action ? [action] : []), ...(actions ?? []), ...(next ?? [])];
}
