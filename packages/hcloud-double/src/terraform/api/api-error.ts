/** A refusal by the API, in the words of hcloud-go. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** What `invalid_input` says about the fields. */
  readonly fields: readonly { readonly name: string; readonly messages: readonly string[] }[];

  constructor(status: number, body: ErrorBody, correlationId: string | undefined) {
    const { code, message, details } = body;
    super(`${message} (${[code, correlationId].filter(Boolean).join(", ")})`);
    this.code = code;
    this.status = status;
    this.fields = (details?.fields ?? []).map(({ name, messages = [] }) => ({ name, messages }));
  }
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: {
    readonly fields?: readonly { readonly name: string; readonly messages?: readonly string[] }[];
  } | null;
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof ApiError && codes.includes(error.code);
}
