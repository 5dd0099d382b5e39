import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Returns the path of a program of this folder: its TypeScript source when this code runs from
 * source, as in vmrig's own tests, and JavaScript after a build.
 */
export function programPath(source: URL): string {
  return fileURLToPath(source).replace(/\.ts$/, extname(fileURLToPath(import.meta.url)));
}
