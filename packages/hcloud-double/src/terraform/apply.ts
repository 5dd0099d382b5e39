import type { Diagnostic, Values } from "@vmrig/terraform-plugin";
import type { Api } from "./api/api.ts";
import { diagnosticOf, frameworkDiagnosticsOf } from "./errors.ts";
import type { Kind } from "./kind.ts";
import { isSame, withoutUnknown } from "./plan.ts";

interface Change {
  readonly prior: Values | undefined;
  /** `undefined` if the resource is to be deleted. */
  readonly planned: Values | undefined;
  readonly config: Values;
}

interface Outcome {
  readonly state: Values | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Creates, updates or deletes. After a failure the state is what it was before. For a resource that
 * exists nevertheless, it is what was planned: Terraform marks it as tainted.
 */
export async function applyChange(api: Api, kind: Kind, change: Change): Promise<Outcome> {
  const { prior, config } = change;
  let left = prior;
  try {
    if (change.planned === undefined)
      return { state: undefined, diagnostics: (await kind.delete(api, prior ?? {})) ?? [] };
    const planned = withoutUnknown(change.planned, kind.schema);
    const state =
      prior === undefined
        ? await kind.create(api, { planned, config, exists: (half) => (left = half) })
        : await kind.update(api, {
            planned,
            prior,
            hasChanged: (...names) => names.some((name) => !isSame(planned[name], prior[name])),
          });
    return { state, diagnostics: [] };
  } catch (error) {
    return { state: left, diagnostics: say(kind, error) };
  }
}

export async function readResource(api: Api, kind: Kind, prior: Values): Promise<Outcome> {
  try {
    return { state: await kind.read(api, prior), diagnostics: [] };
  } catch (error) {
    return { state: prior, diagnostics: say(kind, error) };
  }
}

function say(kind: Kind, error: unknown): Diagnostic[] {
  return kind.isOfPluginFramework ? frameworkDiagnosticsOf(error) : [diagnosticOf(error)];
}
