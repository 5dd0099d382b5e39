import type { Reference } from "../../../packages/vmrig/src/driver/rig-stack.ts";
import { literal } from "../../../packages/vmrig/src/provision/literal.ts";

/** Text with values that Terraform knows after it created other resources. */
export class Template {
  readonly #text: string;
  readonly #values: Readonly<Record<string, Reference>>;

  /** @param values References by the marker in the text that each one replaces. */
  constructor(text: string, values: Readonly<Record<string, Reference>>) {
    this.#text = text;
    this.#values = values;
  }

  /** Returns the text as a template of Terraform, in which everything else is escaped. */
  render(): string {
    return Object.entries(this.#values).reduce(
      (text, [marker, value]) => text.replaceAll(marker, () => literal<unknown>(value) as string),
      literal(this.#text),
    );
  }
}

/** Returns attributes as Terraform reads them. */
export function render(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      value instanceof Template ? value.render() : literal(value),
    ]),
  );
}
