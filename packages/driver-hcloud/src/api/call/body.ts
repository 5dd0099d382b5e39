import { VmrigError } from "vmrig/driver";
import type { z } from "zod";

/** The body of a reply. Every reply of the API is an object. */
export type Body = Readonly<Record<string, unknown>>;

export const isBody = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads a part of a reply.
 *
 * @param from the call with the part: `GET /servers: servers`
 * @throws VmrigError `INTERNAL` if the API has changed its form; no value is in the error
 */
export function readPart<T>(schema: z.ZodType<T>, part: unknown, from: string): T {
  const read = schema.safeParse(part);
  if (read.success) return read.data;
  throw new VmrigError("INTERNAL", {
    message: `A reply of Hetzner Cloud has an unknown form (${from}).`,
    details: read.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join(".") || "all of it"}: ${message}`),
    hint: "the API has probably changed: update vmrig, or report these lines",
  });
}
