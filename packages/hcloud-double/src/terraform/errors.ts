import type { Diagnostic } from "@vmrig/terraform-plugin";
import { ApiError } from "./api/api-error.ts";

/** Says what failed as the kinds of the Terraform Plugin SDK do. */
export function diagnosticOf(error: unknown): Diagnostic {
  const { message } = error as Error;
  if (!(error instanceof ApiError) || error.code !== "invalid_input")
    return { severity: "error", summary: message };
  const fields = error.fields.map(({ name, messages }) => `${name} => [${messages.join(" ")}]`);
  return { severity: "error", summary: `${message}: [${fields.join(" ")}]` };
}

/** Says what failed as the kinds of the Terraform Plugin Framework do. */
export function frameworkDiagnosticOf(error: unknown): Diagnostic {
  const { message } = error as Error;
  const opening = "An unexpected error was encountered during an API request.";
  const code = error instanceof ApiError ? codeLines(error) : "";
  return {
    severity: "error",
    summary: "API request failed",
    detail: `${opening}\n\n${message}\n${code}`,
  };
}

function codeLines({ code, status }: ApiError): string {
  return `\nError code: ${code}\nStatus code: ${status}\n`;
}
