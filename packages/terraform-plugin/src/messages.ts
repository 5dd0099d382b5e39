import type { MessageType } from "./protobuf.ts";

/** The calls of Terraform's plugin protocol 6 that the providers of the tests need. */
interface Call {
  readonly request: MessageType;
  readonly response: MessageType;
}

const NOTHING: MessageType = {};
const TYPE_NAME = { id: 1, type: "string" } as const;

const VALUE: MessageType = {
  msgpack: { id: 1, type: "bytes" },
  json: { id: 2, type: "bytes" },
};

const DIAGNOSTIC: MessageType = {
  severity: { id: 1, type: "int32" },
  summary: { id: 2, type: "string" },
  detail: { id: 3, type: "string" },
};

const PATH: MessageType = {
  steps: { id: 1, type: { attribute_name: { id: 1, type: "string" } }, many: "list" },
};

const ATTRIBUTES = {
  id: 2,
  many: "list",
  type: {
    name: { id: 1, type: "string" },
    type: { id: 2, type: "bytes" },
    required: { id: 4, type: "bool" },
    optional: { id: 5, type: "bool" },
    computed: { id: 6, type: "bool" },
    sensitive: { id: 7, type: "bool" },
    deprecated: { id: 9, type: "bool" },
  },
} as const;

const NESTED_BLOCK: MessageType = {
  type_name: { id: 1, type: "string" },
  block: { id: 2, type: { attributes: ATTRIBUTES } },
  nesting: { id: 3, type: "int32" },
};

const SCHEMA: MessageType = {
  block: {
    id: 2,
    type: { attributes: ATTRIBUTES, block_types: { id: 3, type: NESTED_BLOCK, many: "list" } },
  },
};

function diagnosticsAs(id: number): MessageType {
  return { diagnostics: { id, type: DIAGNOSTIC, many: "list" } };
}

const VALIDATE: Call = {
  request: { type_name: TYPE_NAME, config: { id: 2, type: VALUE } },
  response: diagnosticsAs(1),
};

/** With the names of tfplugin6.proto; lists of diagnostics always have the name `diagnostics`. */
export const CALLS: Readonly<Record<string, Call>> = {
  GetProviderSchema: {
    request: NOTHING,
    response: {
      provider: { id: 1, type: SCHEMA },
      resource_schemas: { id: 2, type: SCHEMA, many: "map" },
      data_source_schemas: { id: 3, type: SCHEMA, many: "map" },
    },
  },
  ValidateProviderConfig: { request: NOTHING, response: diagnosticsAs(2) },
  ValidateResourceConfig: VALIDATE,
  ValidateDataResourceConfig: VALIDATE,
  StopProvider: { request: NOTHING, response: NOTHING },
  ConfigureProvider: {
    request: { config: { id: 2, type: VALUE } },
    response: diagnosticsAs(1),
  },
  UpgradeResourceState: {
    request: {
      type_name: TYPE_NAME,
      raw_state: { id: 3, type: { json: { id: 1, type: "bytes" } } },
    },
    response: { upgraded_state: { id: 1, type: VALUE }, ...diagnosticsAs(2) },
  },
  ReadResource: {
    request: { type_name: TYPE_NAME, current_state: { id: 2, type: VALUE } },
    response: { new_state: { id: 1, type: VALUE }, ...diagnosticsAs(2) },
  },
  PlanResourceChange: {
    request: {
      type_name: TYPE_NAME,
      prior_state: { id: 2, type: VALUE },
      proposed_new_state: { id: 3, type: VALUE },
      config: { id: 4, type: VALUE },
    },
    response: {
      planned_state: { id: 1, type: VALUE },
      requires_replace: { id: 2, type: PATH, many: "list" },
      ...diagnosticsAs(4),
      legacy_type_system: { id: 5, type: "bool" },
    },
  },
  ApplyResourceChange: {
    request: {
      type_name: TYPE_NAME,
      prior_state: { id: 2, type: VALUE },
      planned_state: { id: 3, type: VALUE },
      config: { id: 4, type: VALUE },
    },
    response: {
      new_state: { id: 1, type: VALUE },
      ...diagnosticsAs(3),
      legacy_type_system: { id: 4, type: "bool" },
    },
  },
  ImportResourceState: {
    request: { type_name: TYPE_NAME, id: { id: 2, type: "string" } },
    response: {
      imported_resources: {
        id: 1,
        type: { type_name: TYPE_NAME, state: { id: 2, type: VALUE } },
        many: "list",
      },
      ...diagnosticsAs(2),
    },
  },
  ReadDataSource: {
    request: { type_name: TYPE_NAME, config: { id: 2, type: VALUE } },
    response: { state: { id: 1, type: VALUE }, ...diagnosticsAs(2) },
  },
};
