import { VmrigError } from "../../../errors/vmrig-error.ts";

/** Where a backend of Terraform keeps a state. */
export type NativeSource =
  | { readonly backend: "local"; readonly path: string }
  | {
      readonly backend: "pg";
      readonly url: string;
      readonly schema: string;
      readonly workspace: string;
    }
  | { readonly backend: "s3"; readonly bucket: string; readonly key: string };

/** Forms of a source on a command line. */
const NATIVE_SOURCES = ["local:PATH", "pg:URL[#SCHEMA[.WORKSPACE]]", "s3:BUCKET/KEY"];

/**
 * Parses `local:PATH`, `pg:URL[#SCHEMA[.WORKSPACE]]` or `s3:BUCKET/KEY`. The defaults are those of
 * Terraform's backends.
 *
 * @throws VmrigError `CONFIG_INVALID`. The message does not show the text: a URL may have a password
 */
export function parseNativeSource(text: string): NativeSource {
  const [, backend = "", place = ""] = /^(local|pg|s3):(.+)$/s.exec(text) ?? [];
  if (backend === "local") return { backend, path: place };
  if (backend === "pg") {
    const [url = "", within = ""] = place.split(/#(.*)/s);
    const [schema = "", workspace = ""] = within.split(/\.(.*)/s);
    return {
      backend,
      url,
      schema: schema || "terraform_remote_state",
      workspace: workspace || "default",
    };
  }
  const [, bucket = "", key = ""] = /^([^/]+)\/(.+)$/s.exec(place) ?? [];
  if (backend === "s3" && key !== "") return { backend, bucket, key };
  throw new VmrigError("CONFIG_INVALID", {
    message: "The state to take over is not given in a known form.",
    details: NATIVE_SOURCES.map((form) => `expected ${form}`),
  });
}
