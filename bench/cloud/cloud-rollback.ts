import { keepSubvolumes, rollBackByReboot, rollBackBySoftReboot } from "../reboot.ts";
import { median, medians, printReport, round, timed, type Samples } from "../report.ts";
import { openBenchRig } from "../rig.ts";
import { startCloud } from "./cloud.ts";

/**
 * Measures dirty → first command on a server: vmrig, the floor, which is a soft reboot into fresh
 * copies of the subvolumes, and a rollback by a full reboot, alternately on the same machine.
 */
export async function cloudRollback(rounds: number): Promise<void> {
  await using _cloud = await startCloud();
  await using rig = await openBenchRig("cloud/vmrig.config.ts");
  const { claim, machine } = rig;
  const samples: Samples = {};
  const measure = async (side: string, rollBack: () => Promise<unknown>): Promise<void> => {
    // Each side starts from what vmrig restored, so that none pays for the one before.
    await claim.rollBack();
    await machine.$`echo dirty > dirt`;
    await timed(samples, side, rollBack);
  };
  await claim.rollBack();
  await keepSubvolumes(rig);
  for (let turn = 0; turn < rounds; turn++) {
    await measure("vmrig", async () => {
      await claim.rollBack();
      await machine.$`true`;
    });
    await measure("floor", () => rollBackBySoftReboot(rig));
    await measure("reboot", () => rollBackByReboot(rig));
  }
  const of = (side: string): number => median(samples[side] ?? []);
  printReport({
    bench: "cloud-rollback",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      softOverReboot: round(of("reboot") / of("vmrig"), 2),
      toFloor: round(of("vmrig") / of("floor"), 3),
    },
  });
}
