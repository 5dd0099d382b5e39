import type { Attribute, Block, Diagnostic, Values } from "@vmrig/terraform-plugin";
import type { Api } from "./api/api.ts";

export interface PlannedAttribute extends Attribute {
  /** A new value replaces the resource. */
  readonly replaces?: true;
  /** For a configuration without the attribute. */
  readonly default?: unknown;
}

export interface PlannedBlock extends Block {
  readonly attributes: Readonly<Record<string, PlannedAttribute>>;
  /** A configuration without the block keeps what there is. */
  readonly isKept?: true;
}

export interface KindSchema {
  readonly attributes: Readonly<Record<string, PlannedAttribute>>;
  readonly blocks?: Readonly<Record<string, PlannedBlock>>;
}

export interface Create {
  /** Without unknown values. */
  readonly planned: Values;
  readonly config: Values;
  /**
   * The resource exists: what fails from now on leaves it in the state, tainted. Without this call
   * it is not in the state.
   */
  readonly exists: (state: Values) => void;
}

export interface Update {
  readonly planned: Values;
  readonly prior: Values;
  readonly hasChanged: (...attributes: readonly string[]) => boolean;
}

/** A kind of resource. Each method returns the new state. */
export interface Kind {
  readonly schema: KindSchema;
  /** Only the SSH key is, and its errors read differently. */
  readonly isOfPluginFramework?: true;
  /** Throws what the provider says about an invalid configuration. */
  validate?(config: Values): void;
  /** Changes the planned values, for example into what the state holds instead of them. */
  adjustPlan?(planned: Values): Values;
  create(api: Api, create: Create): Promise<Values>;
  /** Returns `undefined` if the resource does not exist. */
  read(api: Api, prior: Values): Promise<Values | undefined>;
  update(api: Api, update: Update): Promise<Values>;
  delete(api: Api, prior: Values): Promise<readonly Diagnostic[] | undefined>;
}
