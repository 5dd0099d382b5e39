import type { StateOptions } from "../../state-options.ts";
import type { S3StoreOptions } from "./s3-store.ts";

/** Returns the options of the store `s3`, without the fields that are `undefined`. */
export function s3OptionsOf(options: StateOptions & { readonly store: "s3" }): S3StoreOptions {
  const { store: _, bucket, region, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { bucket, region, ...Object.fromEntries(given) };
}
