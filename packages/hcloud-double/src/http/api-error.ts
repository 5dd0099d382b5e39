export interface ErrorFields {
  readonly [field: string]: readonly string[];
}

/** A refusal by the API. Clients judge it by `status` and `code`; the message is for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: object | null;

  constructor(status: number, code: string, message: string, details: object | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Code and message of an error, without the status: for the 422 codes of single operations. */
export function unprocessable(code: string, message: string): ApiError {
  return new ApiError(422, code, message);
}

export function invalidInput(fields: ErrorFields): ApiError {
  const list = Object.entries(fields).map(([name, messages]) => ({ name, messages }));
  const text = list.map(({ name, messages }) => `${name} ${messages.join(", ")}`).join("; ");
  return new ApiError(422, "invalid_input", `invalid input: ${text}`, { fields: list });
}

export function invalidField(name: string, message: string): ApiError {
  return invalidInput({ [name]: [message] });
}

export function notFound(what: string): ApiError {
  return new ApiError(404, "not_found", `${what} does not exist`);
}

export function notUnique(kind: string, field: string): ApiError {
  const details = { fields: [{ name: field }] };
  return new ApiError(409, "uniqueness_error", `${kind} ${field} is already used`, details);
}

export function locked(what: string): ApiError {
  return new ApiError(423, "locked", `${what} is locked by a running action`);
}

export function conflict(what: string): ApiError {
  return new ApiError(409, "conflict", `${what} is being changed by another action`);
}

export function protectedFrom(what: string, change: string): ApiError {
  return new ApiError(423, "protected", `${what} is protected from ${change}`);
}

export function limitExceeded(limit: string): ApiError {
  const details = { limits: [{ name: limit }] };
  return new ApiError(403, "resource_limit_exceeded", `${limit} limit exceeded`, details);
}

export function outOfStock(message: string): ApiError {
  return new ApiError(412, "resource_unavailable", `error during placement: ${message}`);
}

export function removedEndpoint(path: string): ApiError {
  const announcement = "https://docs.hetzner.cloud/changelog";
  return new ApiError(410, "deprecated_api_endpoint", `${path} was removed`, { announcement });
}
