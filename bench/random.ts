import { medians, printReport, round, timed, type Samples } from "./report.ts";
import { openBenchRig } from "./rig.ts";

const RESTORES = 5;
const DRAWS = 20;

/**
 * Draws twenty random UUIDs of the kernel after each of five restores per run, in turn of the
 * baseline and of a checkpoint. No UUID may repeat. Ends with an error when one does.
 */
export async function random(rounds: number): Promise<void> {
  await using rig = await openBenchRig();
  const { machine, claim } = rig;
  const samples: Samples = {};
  const drawn: string[] = [];
  await claim.rollBack();
  for (let turn = 0; turn < rounds; turn++) {
    const checkpoint = await machine.checkpoint("draws");
    for (let restore = 0; restore < RESTORES; restore++) {
      await timed(samples, restore % 2 === 0 ? "checkpoint" : "baseline", async () => {
        if (restore % 2 === 0) await machine.restore(checkpoint);
        else await claim.rollBack();
        const { stdout } =
          await machine.$`for i in $(seq ${DRAWS}); do cat /proc/sys/kernel/random/uuid; done`;
        drawn.push(...stdout.split("\n"));
      });
    }
  }
  const repeats = drawn.length - new Set(drawn).size;
  printReport({
    bench: "random",
    runs: rounds,
    ms: medians(samples),
    ratios: { repeats: round(repeats / drawn.length, 3) },
  });
  if (repeats > 0) throw new Error(`${repeats} of ${drawn.length} random UUIDs repeat`);
}
