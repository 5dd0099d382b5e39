import { randomUUID } from "node:crypto";

/**
 * Returns the first version of a state: no resources, and a lineage. Without it, an engine that
 * finds no state takes over a state that appears while it runs, and loses its own (measured with
 * Terraform 1.11 and OpenTofu 1.12, whose releases accept each other's version here).
 */
export function seedState(): string {
  const seed = {
    version: 4,
    terraform_version: "1.0.0",
    serial: 0,
    lineage: randomUUID(),
    outputs: {},
    resources: [],
    check_results: null,
  };
  return `${JSON.stringify(seed, undefined, 2)}\n`;
}
