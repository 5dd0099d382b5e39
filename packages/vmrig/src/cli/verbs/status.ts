import { systemClock } from "../../clock/clock.ts";
import type { RigStatus } from "../../operations/rig-status.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { openRig } from "../open-rig.ts";
import { defineVerb, type VerbContext } from "../verb.ts";

const POLL_MS = 1_000;
/** All users of an account share the number of requests that it allows in an hour. */
const POLL_ACCOUNT_MS = 10_000;
const COSTS_MS = 60_000;

export const status = defineVerb({
  name: "status",
  summary: "shows lease holders, the queue, the machines and their costs; needs no lease",
  details: ["Changes nothing and starts nothing."],
  operands: [],
  options: {
    json: { type: "boolean", help: "prints JSON; with --watch, one line per change" },
    watch: {
      type: "boolean",
      help: "refreshes until Ctrl-C; without a terminal, prints again after each change",
    },
  },
  async run(context, { options: { json = false, watch = false } }) {
    const { print, env } = context;
    const [{ renderStatus, shapeOf }, reader] = await Promise.all([
      import("../render-status.ts"),
      openStatusReader(context),
    ]);
    await using statusReader = reader;
    const text = (seen: RigStatus): string => renderStatus(seen, systemClock.wall());
    if (!watch) {
      const seen = await statusReader.read();
      print(json ? `${JSON.stringify(seen, undefined, 2)}\n` : text(seen));
    } else if (process.stdout.isTTY && env["TERM"] !== "dumb" && !json) {
      const { openScreen } = await import("../screen.ts");
      let last = "";
      {
        using screen = openScreen(process.stdout);
        await untilInterrupted(context, statusReader.pollMs, async () =>
          screen.draw((last = text(await statusReader.read()))),
        );
      }
      // The alternate screen is gone; its last content stays readable.
      print(last);
    } else {
      let shown: string | undefined;
      await untilInterrupted(context, statusReader.pollMs, async () => {
        const seen = await statusReader.read();
        const shape = shapeOf(seen);
        if (shape !== shown)
          print(
            json ? `${JSON.stringify(seen)}\n` : `${shown === undefined ? "" : "\n"}${text(seen)}`,
          );
        shown = shape;
      });
    }
  },
});

interface StatusReader extends AsyncDisposable {
  readonly pollMs: number;
  read(): Promise<RigStatus>;
}

/** Reads the status repeatedly over one connection to Redis. */
async function openStatusReader(context: VerbContext): Promise<StatusReader> {
  const [{ rig, folders }, { readRigStatus }, { readCosts }, { openRunningStore }, { openStates }] =
    await Promise.all([
      openRig(context),
      import("../../operations/rig-status.ts"),
      import("../../operations/account/rig-costs.ts"),
      import("../../gate/store/open-store.ts"),
      import("../../gate/store/open-states.ts"),
    ]);
  let store: LeaseStore | undefined;
  let states: StateStore | undefined;
  let known: { readonly at: number; readonly costs: ReturnType<typeof readCosts> } | undefined;
  const costs = (): ReturnType<typeof readCosts> => {
    const now = systemClock.monotonic();
    if (known === undefined || now - known.at > COSTS_MS)
      known = { at: now, costs: readCosts(rig.driver, rig.name) };
    return known.costs;
  };
  return {
    pollMs: rig.driver.account === undefined ? POLL_MS : POLL_ACCOUNT_MS,
    async read() {
      store ??= await openRunningStore(rig, folders);
      states ??= await openStates(rig, folders);
      return readRigStatus({ rig, folders, store, states, costs });
    },
    async [Symbol.asyncDispose]() {
      await store?.close();
      await states?.[Symbol.asyncDispose]();
    },
  };
}

async function untilInterrupted(
  { signal }: VerbContext,
  intervalMs: number,
  refresh: () => Promise<void>,
): Promise<void> {
  const probe = async (): Promise<{ readonly seen: string }> => {
    await refresh();
    return { seen: "not interrupted" };
  };
  const { waitFor } = await import("../../wait/wait-for.ts");
  await waitFor({
    what: "Ctrl-C",
    timeoutMs: Number.POSITIVE_INFINITY,
    intervalMs,
    signal,
    probe,
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
