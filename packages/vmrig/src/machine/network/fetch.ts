import { systemClock } from "../../clock/clock.ts";
import { describeThrown } from "../../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError } from "../../ssh/tunnel.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { createAgent } from "./agent.ts";
import { hintFor } from "./open-tunnel.ts";
import { toUrl, toWanted, type MachineRequestInit } from "./request.ts";
import { underSignals } from "./under-signals.ts";

export async function fetchThrough(
  context: ExecutionContext,
  target: string | URL,
  init: MachineRequestInit,
  onCleanup: ((work: () => Promise<void>) => void) | undefined,
): Promise<Response> {
  const url = toUrl(target, init);
  const wanted = await toWanted(url, init);
  const { signal, release, end } = underSignals(context, init.signal);
  const observed = context.observer?.()?.({
    machine: context.name,
    user: context.user,
    command: `fetch ${wanted.method} ${url.href}`,
    query: undefined,
    secrets: [],
    printed: () => ({ stdout: undefined, stderr: undefined }),
  });
  const clock = context.clock ?? systemClock;
  const startedMs = clock.monotonic();
  const after = (): string => `after ${((clock.monotonic() - startedMs) / 1000).toFixed(1)} s`;

  const agent = await createAgent(context, init, signal);
  const { fetch } = await import("undici");
  onCleanup?.(async () => {
    end(new Error("The test that fetched it has ended."));
    await agent.destroy();
  });
  try {
    const response = await fetch(url, { ...wanted, signal, dispatcher: agent });
    // Closes the agent when the body has arrived or is no longer needed.
    void agent.close().then(release, release);
    observed?.ended(`answered ${response.status} ${after()}`);
    return response;
  } catch (thrown) {
    release();
    await agent.destroy();
    const error: unknown = signal.aborted ? signal.reason : failure(context, url, init, thrown);
    observed?.ended(
      `failed ${after()}: ${isVmrigError(error) ? error.summary : describeThrown(error)}`,
    );
    throw error;
  }
}

/** Converts an error. The message `fetch failed` has no details; its cause has them. */
function failure(
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
    return "the Fetch standard (2.9) blocks some ports, such as those of mail and IRC; forward() reaches every port";
  if ("code" in cause && /CERT|ALTNAME|VERIFY/.test(String(cause.code))) {
    return "set `ca` or `rejectUnauthorized: false` in the option `tls`";
  }
  return undefined;
}
