import { z } from "zod";

/** In clear also in a state that OpenTofu encrypted. */
const STAMP = z.looseObject({ serial: z.number().int(), lineage: z.string().min(1) });

/** The fields of a state that order its versions. All other fields are kept. */
export type Stamp = z.infer<typeof STAMP>;

/** @returns `undefined` when the text is not a state */
export function parseStamp(text: string): Stamp | undefined {
  try {
    return STAMP.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Whether OpenTofu encrypted the state: only its stamp is readable. */
export function isEncrypted(text: string): boolean {
  const stamp = parseStamp(text);
  return stamp !== undefined && "encrypted_data" in stamp;
}
