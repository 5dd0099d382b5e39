/** A type as Terraform writes it in JSON. */
export type Type =
  | "string"
  | "number"
  | "bool"
  | readonly ["map" | "list" | "set", "string" | "number"];

export interface Attribute {
  readonly type: Type;
  readonly required?: true;
  readonly optional?: true;
  readonly computed?: true;
  readonly sensitive?: true;
  readonly deprecated?: true;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** Values of `Schema.NestedBlock.NestingMode`. */
const NESTING = { single: 1, set: 3 } as const;

export interface Block {
  readonly nesting: keyof typeof NESTING;
  readonly attributes: Attributes;
}

/** Returns attributes and blocks as a message of the plugin protocol. */
export function schemaMessage(
  attributes: Attributes,
  blocks: Readonly<Record<string, Block>> = {},
): object {
  return {
    block: {
      attributes: attributeList(attributes),
      block_types: Object.entries(blocks).map(([type_name, { nesting, attributes: nested }]) => ({
        type_name,
        nesting: NESTING[nesting],
        block: { attributes: attributeList(nested) },
      })),
    },
  };
}

function attributeList(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([name, { type, ...flags }]) => {
    return { name, type: Buffer.from(JSON.stringify(type)), ...flags };
  });
}
