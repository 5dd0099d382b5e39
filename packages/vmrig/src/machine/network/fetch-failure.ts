import { describeThrown } from "../../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError } from "../../ssh/tunnel-refused.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { hintFor } from "./forwarding-allowed.ts";
import type { MachineRequestInit } from "./request.ts";

/** Converts an error. The message `fetch failed` has no details; its cause has them. */
export function fetchFailure(
  { name }: ExecutionContext,
  url: URL,
  { method = "GET", socketPath }: MachineRequestInit,
  thrown: unknown,
): VmrigError {
  const cause = thrown instanceof TypeError && thrown.cause !== undefined ? thrown.cause : thrown;
  if (isVmrigError(cause)) return cause;
  const why =
    cause instanceof Error && cause.message !== "" ? cause.message : describeThrown(cause);
  const hint = hintOf(cause, socketPath);
  return new VmrigError("FETCH_FAILED", {
    message: `${method} ${url.href} from ${name}${socketPath === undefined ? "" : ` through ${socketPath}`} failed: ${why}.`,
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

function hintOf(cause: unknown, socketPath: string | undefined): string | undefined {
  if (cause instanceof TunnelRefusedError) return hintFor(cause, socketPath);
  if (!(cause instanceof Error)) return undefined;
  if (cause.message === "bad port")
    return "fetch() blocks this port, as the Fetch standard (2.9) requires; use forward()";
  if ("code" in cause && /CERT|ALTNAME|VERIFY/.test(String(cause.code))) {
    return "set `ca` or `rejectUnauthorized: false` in the option `tls`";
  }
  return undefined;
}
