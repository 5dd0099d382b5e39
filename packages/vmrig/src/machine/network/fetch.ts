import { systemClock } from "../../clock/clock.ts";
import { describeThrown } from "../../errors/thrown.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { createAgent, loadUndici } from "./agent.ts";
import { toWanted, toWish, type MachineRequestInit } from "./request.ts";
import { underSignals } from "./under-signals.ts";
import { fetchFailure } from "./fetch-failure.ts";

export async function fetchThrough(
  context: ExecutionContext,
  input: string | URL | Request,
  given: MachineRequestInit | null | undefined,
  onCleanup: ((work: () => Promise<void>) => void) | undefined,
): Promise<Response> {
  const wish = toWish(context.name, input, given);
  const { url, init } = wish;
  const { signal, release, end } = underSignals(context, init.signal);
  const wanted = await toWanted(wish, signal).catch((error: unknown) => {
    release();
    throw error;
  });
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

  const agent = createAgent(context, init, signal);
  const { fetch } = loadUndici();
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
    const error: unknown = signal.aborted
      ? signal.reason
      : fetchFailure(context, url, { ...init, method: wanted.method }, thrown);
    observed?.ended(
      `failed ${after()}: ${isVmrigError(error) ? error.summary : describeThrown(error)}`,
    );
    throw error;
  }
}
