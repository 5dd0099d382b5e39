import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of a program of this folder: its source where this runs from source, as in our own
 * tests, and JavaScript where it was built.
 */
export function programPath(source: URL): string {
  return fileURLToPath(source).replace(/\.ts$/, extname(fileURLToPath(import.meta.url)));
}
