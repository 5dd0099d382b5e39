import { makeFloor } from "./floor.ts";
import { benchQmp } from "./qmp-path.ts";
import { keepSubvolumes, rollBackByReboot } from "./reboot.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";
import { openBenchRig } from "./rig.ts";

/**
 * Measures dirty → first command: vmrig, the floor, and a rollback by reboot, alternately on the
 * same machine.
 */
export async function rollback(rounds: number): Promise<void> {
  await using rig = await openBenchRig();
  const { machine } = rig;
  const floor = await makeFloor(rig, await benchQmp());
  const samples: Samples = {};
  for (let turn = 0; turn < rounds; turn++) {
    await rig.claim.rollBack();
    await machine.$`echo dirty > dirt`;
    await timed(samples, "vmrig", async () => {
      await rig.claim.rollBack();
      await machine.$`true`;
    });
    await machine.$`echo dirty > dirt`;
    await timed(samples, "floor", floor);
  }
  for (let turn = 0; turn < Math.max(1, Math.floor(rounds / 5)); turn++) {
    await rig.claim.rollBack();
    await machine.$`echo dirty > dirt`;
    await keepSubvolumes(rig);
    await timed(samples, "reboot", () => rollBackByReboot(rig));
    await rig.claim.rollBack();
    await timed(samples, "vmrig", async () => {
      await rig.claim.rollBack();
      await machine.$`true`;
    });
  }
  const of = (side: string): number => median(samples[side] ?? []);
  printReport({
    bench: "rollback",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      toFloor: round(of("vmrig") / of("floor"), 3),
      overReboot: round(of("reboot") / of("vmrig"), 1),
    },
  });
}
