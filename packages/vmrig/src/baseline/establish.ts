import type { Inventory } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { baselineSnapshot, PRISTINE } from "./baseline-id.ts";
import { guestOf } from "./guest.ts";
import { login } from "./login.ts";
import { prepare } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";

export interface EstablishOptions {
  /** Makes it also where it is there already. */
  readonly anew?: boolean;
}

/** From "it lets us in" to "it has finished booting", emulated. */
const SETTLE_MS = 240_000;

/**
 * Makes sure that every machine of the copy has the baseline: boots what was just made, keeps it as
 * `pristine`, prepares, captures. Does nothing when the baseline is there. All machines take part
 * together, because they know each other; but only one that has never been captured is booted as it
 * is. The others may be parked, and are dirty.
 */
export async function establishBaseline(
  context: LeasedContext,
  id: string,
  recipes: Readonly<Record<string, Recipe>>,
  { anew = false }: EstablishOptions = {},
): Promise<void> {
  const { driver, copy, say } = context;
  const inventory = await driver.inspect(copy);
  if (!anew && whoLacks(context, inventory, baselineSnapshot(id)).length === 0) return;
  const started = performance.now();
  const fresh = whoLacks(context, inventory, PRISTINE);
  refuseLostPristine(inventory, fresh);
  if (fresh.length === 0 && !anew)
    say(`baseline ${copy.copy}: the recipe changed; preparing anew from the pristine machines`);
  await onEach(context, async (machine) => {
    const made = fresh.includes(machine.name);
    if (made) await driver.boot(machine, admission(context));
    else await driver.restore(machine, PRISTINE, admission(context));
    // Also after a restore: where a snapshot's RAM cannot be loaded any more, the machine boots
    // from its disk.
    if (guestOf(driver.guest).system) await settle(context, machine.name);
    if (made) await driver.capture(machine, PRISTINE, authority(context));
  });
  if (fresh.length > 0)
    say(`boot     ${copy.copy}: ${fresh.join(", ")} up after ${seconds(started)}`);
  const preparing = performance.now();
  await prepare(context, id, recipes);
  await onEach(context, (machine) =>
    driver.capture(machine, baselineSnapshot(id), authority(context)),
  );
  say(`baseline ${copy.copy}: ${id} is prepared and captured after ${seconds(preparing)}`);
}

/**
 * A machine that has baselines was used since it was made: as it is now it must not become the
 * pristine one.
 */
function refuseLostPristine({ machines }: Inventory, fresh: readonly string[]): void {
  const used = machines.find(({ name, snapshots }) => fresh.includes(name) && snapshots.length > 0);
  if (used === undefined) return;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${used.name} has lost its snapshot ${PRISTINE}, from which its baseline is made.`,
    details: [`it has: ${used.snapshots.join(", ")}`],
    hint: `replace it: vmrig up --allow terraform_data.${used.name}`,
  });
}

function whoLacks({ copy }: LeasedContext, { machines }: Inventory, snapshot: string): string[] {
  const names = copy.machines.map(({ name }) => name);
  return names.filter(
    (name) => !machines.find((machine) => machine.name === name)?.snapshots.includes(snapshot),
  );
}

/** A snapshot of a machine that still boots would do the rest of its boot in every test. */
async function settle(context: LeasedContext, name: string): Promise<void> {
  await using connection = await login(context, { copy: context.copy, name }, SETTLE_MS);
  await waitFor({
    what: "its boot to finish",
    on: name,
    timeoutMs: SETTLE_MS,
    intervalMs: 1_000,
    code: "MACHINE_UNREACHABLE",
    signal: context.lease.signal,
    probe: async (signal) => {
      const { stdout } = await connection.exec(
        "systemctl is-system-running; systemctl --failed --plain --no-legend",
        { signal },
      );
      const [state = "", ...failed] = stdout.toString("utf8").trim().split("\n");
      if (state === "degraded")
        context.say(
          `boot     ${name}: up, but these units failed: ${failed.map((line) => line.split(" ")[0]).join(", ")}`,
        );
      return state === "running" || state === "degraded" ? { value: true } : { seen: state };
    },
  });
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
