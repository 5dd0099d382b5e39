import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Writes a value so that Terraform reads it back as it is. In Terraform's JSON syntax every string,
 * the names of an object's members too, is a template: `${file("/etc/passwd")}` in a machine's name
 * would be carried out.
 *
 * @throws VmrigError `CONFIG_INVALID` for text that cdktf would take for one of its own
 *   placeholders
 */
export function literal<T>(value: T): T;
export function literal(value: unknown): unknown {
  if (typeof value === "string") return escape(value);
  if (Array.isArray(value)) return value.map((item: unknown) => literal(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [escape(key), literal(item)]),
    );
  }
  return value;
}

function escape(text: string): string {
  // cdktf looks for its tokens anywhere in a string, and knows no way to write one that is none.
  if (text.includes("{TfToken[")) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The text ${JSON.stringify(text)} cannot be handed to Terraform: cdktf reserves \`{TfToken[\`.`,
      hint: "leave `{TfToken[` out of names and options",
    });
  }
  return text.replaceAll(/([$%])\{/g, "$1$1{");
}
