import type { Diagnostic } from "@vmrig/terraform-plugin";
import { ApiError } from "./api/api-error.ts";

const UNEXPECTED = "An unexpected error was encountered during an API request.";
const INVALID =
  "An invalid field was encountered during an API request. The field might not map 1:1 to your " +
  "terraform resource.";

/** Says what failed as the kinds of the Terraform Plugin SDK do. */
export function diagnosticOf(error: unknown): Diagnostic {
  const { message } = error as Error;
  if (!(error instanceof ApiError) || error.code !== "invalid_input")
    return { severity: "error", summary: message };
  const fields = error.fields.map(({ name, messages }) => `${name} => [${messages.join(" ")}]`);
  return { severity: "error", summary: `${message}: [${fields.join(" ")}]` };
}

/** Says what failed as the kinds of the Terraform Plugin Framework do. */
export function frameworkDiagnosticsOf(error: unknown): Diagnostic[] {
  const { message } = error as Error;
  if (!(error instanceof ApiError)) return [failure(`${UNEXPECTED}\n\n${message}\n`)];
  const { code, status, fields } = error;
  const codes = `Error code: ${code}\nStatus code: ${status}\n`;
  if (code !== "invalid_input") return [failure(`${UNEXPECTED}\n\n${message}\n\n${codes}`)];
  const said = fields.map(({ name, messages }) => {
    const list = messages.map((each) => ` - ${each}`).join("\n");
    return `Field: ${name}\nMessages:\n${list}\n`;
  });
  return (said.length > 0 ? said : [""]).map((field) => ({
    ...failure(`${INVALID}\n\n${message}\n\n${field}${codes}`),
    summary: "Invalid field in API request",
  }));
}

function failure(detail: string): Diagnostic {
  return { severity: "error", summary: "API request failed", detail };
}
