import { Reference } from "../driver/rig-stack.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Escapes a value so that Terraform reads it back unchanged. In Terraform's JSON syntax every
 * string, including the names of an object's members, is a template: `${file("/etc/passwd")}` in a
 * machine's name would be evaluated. Only a {@link Reference} becomes such a template.
 *
 * @throws VmrigError `CONFIG_INVALID` for text that cdktf would mistake for one of its placeholders
 */
export function literal<T>(value: T): T;
export function literal(value: unknown): unknown {
  if (value instanceof Reference) return `\${${value.path}}`;
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
  // cdktf searches every string for its tokens, and has no way to escape one.
  if (text.includes("{TfToken[")) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The text ${JSON.stringify(text)} cannot be passed to Terraform: cdktf reserves \`{TfToken[\`.`,
      hint: "remove `{TfToken[` from names and options",
    });
  }
  return text.replaceAll(/([$%])\{/g, "$1$1{");
}
