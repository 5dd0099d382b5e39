export { schemaMessage, type Attribute, type Attributes, type Block, type Type } from "./schema.ts";
export {
  DiagnosticError,
  serveProvider,
  type Diagnostic,
  type Handlers,
  type Request,
} from "./serve.ts";
export { fromValues, toValues, UNKNOWN, type DynamicValue, type Values } from "./values.ts";
