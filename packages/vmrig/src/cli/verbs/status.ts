import { systemClock } from "../../clock/clock.ts";
import type { RigStatus } from "../../operations/rig-status.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { openRig } from "../open-rig.ts";
import { defineVerb, type Surroundings } from "../verb.ts";

const LOOK_MS = 1_000;

export const status = defineVerb({
  name: "status",
  summary: "says who holds the rig's copies, who waits, and how the machines are; needs no lease",
  details: ["It changes nothing, and starts nothing."],
  operands: [],
  options: {
    json: { type: "boolean", help: "answers with JSON; with --watch one line for each change" },
    watch: {
      type: "boolean",
      help: "goes on until Ctrl-C; without a terminal it prints again when something changed",
    },
  },
  async run(surroundings, { options: { json = false, watch = false } }) {
    const { answer, env } = surroundings;
    const [{ renderStatus, shapeOf }, look] = await Promise.all([
      import("../render-status.ts"),
      lookAgain(surroundings),
    ]);
    await using looking = look;
    const text = (seen: RigStatus): string => renderStatus(seen, systemClock.wall());
    if (!watch) {
      const seen = await looking.look();
      answer(json ? `${JSON.stringify(seen, undefined, 2)}\n` : text(seen));
    } else if (process.stdout.isTTY && env["TERM"] !== "dumb" && !json) {
      const { openScreen } = await import("../screen.ts");
      let last = "";
      {
        using screen = openScreen(process.stdout);
        await untilInterrupted(surroundings, async () =>
          screen.draw((last = text(await looking.look()))),
        );
      }
      // The screen is gone, and with it what it showed: that stays to be read.
      answer(last);
    } else {
      let shown: string | undefined;
      await untilInterrupted(surroundings, async () => {
        const seen = await looking.look();
        const shape = shapeOf(seen);
        if (shape !== shown)
          answer(
            json ? `${JSON.stringify(seen)}\n` : `${shown === undefined ? "" : "\n"}${text(seen)}`,
          );
        shown = shape;
      });
    }
  },
});

/** Looks at the rig as often as asked, over one connection to Redis. */
async function lookAgain(
  surroundings: Surroundings,
): Promise<AsyncDisposable & { look(): Promise<RigStatus> }> {
  const [{ rig, folders }, { readRigStatus }, { openRunningStore }] = await Promise.all([
    openRig(surroundings),
    import("../../operations/rig-status.ts"),
    import("../../gate/open-store.ts"),
  ]);
  let store: LeaseStore | undefined;
  return {
    async look() {
      store ??= await openRunningStore(rig, folders);
      return readRigStatus({ rig, folders, store });
    },
    async [Symbol.asyncDispose]() {
      await store?.close();
    },
  };
}

async function untilInterrupted(
  { signal }: Surroundings,
  look: () => Promise<void>,
): Promise<void> {
  const probe = async (): Promise<{ readonly seen: string }> => {
    await look();
    return { seen: "still going on" };
  };
  await waitFor({
    what: "Ctrl-C",
    timeoutMs: Number.POSITIVE_INFINITY,
    intervalMs: LOOK_MS,
    signal,
    probe,
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
