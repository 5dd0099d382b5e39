import { z } from "zod";
import { OWNER_RESOURCE } from "../state-files.ts";

const INSTANCE = z.looseObject({
  index_key: z.union([z.string(), z.number()]).optional(),
  status: z.string().optional(),
  deposed: z.string().optional(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
  sensitive_attributes: z.array(z.unknown()).nullish(),
});
// Version 4 of the format: internal/states/statefile/version4.go.
const STATE = z.object({
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(INSTANCE),
    }),
  ),
});

/** One instance of a resource or of a data source in a state. */
export interface StateInstance {
  /** `hcloud_server.pc["a"]`, as `terraform state list` prints it. */
  readonly address: string;
  /** Whether Terraform manages it. A data source is only read. */
  readonly managed: boolean;
  /** Whether its creation failed or was interrupted. */
  readonly tainted: boolean;
  /** Replaced, and not deleted yet. */
  readonly deposed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Paths into the attributes, in Terraform's own form. */
  readonly sensitive: readonly unknown[];
  /** The whole instance, to compare it. */
  readonly content: string;
}

/**
 * Parses the resources of a state, in the order of the state.
 *
 * @returns `undefined` when they are not readable, as in a state that OpenTofu encrypted
 */
export function parseResources(text: string): readonly StateInstance[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return STATE.safeParse(value).data?.resources.flatMap(
    ({ module, mode, type, name, instances }) => {
      const managed = mode === "managed";
      const path = [module, managed ? undefined : mode, type, name];
      const resource = path.filter((part) => part !== undefined).join(".");
      return instances.map((instance) => ({
        address: `${resource}${indexOf(instance.index_key)}`,
        managed,
        tainted: instance.status === "tainted",
        deposed: instance.deposed !== undefined,
        attributes: instance.attributes ?? {},
        sensitive: instance.sensitive_attributes ?? [],
        content: JSON.stringify(instance),
      }));
    },
  );
}

/** Whether a state has more than its owner. One that is not readable counts as such. */
export function hasMachines(text: string): boolean {
  const owner = `terraform_data.${OWNER_RESOURCE}`;
  const resources = parseResources(text);
  return resources?.some(({ managed, address }) => managed && address !== owner) ?? true;
}

function indexOf(key: string | number | undefined): string {
  return key === undefined ? "" : `[${JSON.stringify(key)}]`;
}
