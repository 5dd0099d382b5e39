import { z } from "zod";
import { ApiError, invalidField, invalidInput } from "./api-error.ts";
import { labelProblems, type Labels } from "./labels.ts";

/** Parses the body of a request. No body is the same as `{}`. */
export function parseBody(text: string): object {
  let body: unknown;
  try {
    body = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(400, "json_error", "the body is not JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw invalidField("body", "must be an object");
  return withoutNulls(body) as object;
}

/** Clients send null for what they do not set: hcloud-python `type: null`, hcloud-go `rules: null`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [name, withoutNulls(field)]),
  );
}

/** Checks a body. All problems are in one error, as `details.fields`. */
export function check<T extends z.ZodType>(schema: T, body: object): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const fields: Record<string, string[]> = {};
  for (const { path, message } of result.error.issues)
    (fields[path.join(".")] ??= []).push(message);
  throw invalidInput(fields);
}

/** hcloud-python 1.18 sends ids as text. */
export const id = z
  .union([z.int().positive(), z.string().regex(/^\d{1,15}$/)])
  .transform((value) => Number(value));

/** An id or a name. */
export const reference = z.union([z.int().positive(), z.string().min(1)]);
export type Reference = z.output<typeof reference>;

export const name = z.string().min(1);

/** RFC 1123 */
export const hostname = z
  .string()
  .max(253)
  .regex(
    /^(?:[a-z\d](?:[-a-z\d]{0,61}[a-z\d])?)(?:\.[a-z\d](?:[-a-z\d]{0,61}[a-z\d])?)*$/i,
    "must be a host name",
  );

export const labels = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    for (const message of labelProblems(value)) context.addIssue({ code: "custom", message });
  })
  .transform((value) => value as Labels);

export const userData = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= 32 * 1024, "must not exceed 32 KiB");

/** `name` and `labels` of what a PUT changes. */
export const rename = z.object({ name: name.optional(), labels: labels.optional() });

/** Sets the fields that have a value. */
export function assignDefined<T extends object>(
  target: T,
  changes: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined);
  return Object.assign(target, Object.fromEntries(defined));
}
