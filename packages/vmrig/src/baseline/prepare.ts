import { systemClock, type Clock } from "../clock/clock.ts";
import { LEASE_KEY_COMMENT } from "../driver/lease-key.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { guestOf, requireSystem, type Guest } from "./guest.ts";
import { guestSetupScript, type Peer } from "./guest-setup.ts";
import { login } from "./login.ts";
import { EMPTY_RECIPE, type Recipe } from "./recipe.ts";
import { recipeSteps } from "./recipe-script.ts";
import { runRootStep, type StepFailure } from "./root-step.ts";
import { HOLD_TIMERS, RELEASE_TIMERS } from "./timers.ts";
import { onEach, TEST_USER, type LeasedContext } from "./leased-context.ts";

/** Packages are downloaded, on a machine that may be emulated. */
const STEP_MS = 15 * 60_000;

/**
 * Prepares pristine machines for their baseline: first vmrig's guest setup, then the recipe.
 * Leaves no session and no key of this lease behind.
 *
 * @throws VmrigError `PREPARE_FAILED` with the step, its exit code and its last lines;
 *   `CAPABILITY_MISSING` when the driver's machines have no system to install packages in
 */
export async function prepare(
  context: LeasedContext,
  baseline: string,
  recipes: Readonly<Record<string, Recipe>>,
  clock: Clock = systemClock,
): Promise<void> {
  const guest = guestOf(context.driver.guest);
  for (const { name } of context.copy.machines)
    requireSystem(guest, context.driver.name, name, recipes[name] ?? EMPTY_RECIPE);
  const { machines } = await context.driver.inspect(context.copy);
  const peers = context.copy.machines.map(({ name, lanAddress }): Peer => {
    const hostKey = machines.find((machine) => machine.name === name)?.hostKey;
    if (hostKey === undefined)
      throw new VmrigError("MACHINE_MISSING", { message: `${name} has no host key.` });
    return { name, lanAddress, hostKey };
  });
  const trust = generateKeyPair();
  await onEach(context, async (ref) => {
    const recipe = recipes[ref.name] ?? EMPTY_RECIPE;
    const steps = [
      ...(guest.system
        ? [
            {
              what: "vmrig's guest setup",
              script: guestSetupScript({
                machine: ref.name,
                peers,
                trust,
                user: TEST_USER,
                timers: recipe.timers,
              }),
            },
            // After the setup, which installs the programs that hold the timers.
            { what: "set its clock", script: setClockScript(clock, recipe.timers) },
          ]
        : []),
      ...recipeSteps(recipe),
      { what: "seal", script: sealScript(guest, { baseline, timers: recipe.timers }) },
    ];
    await using connection = await login(context, ref);
    const failed = ({ how, last }: StepFailure): VmrigError =>
      new VmrigError("PREPARE_FAILED", {
        message: `Preparing ${ref.name} failed: ${how}.`,
        details: last,
        hint: "change `prepare` in the config; the next run starts over from the pristine machine",
      });
    for (const step of steps)
      await runRootStep(context, connection, { ...step, timeoutMs: STEP_MS, failed });
  });
}

/**
 * The pristine machine's clock shows the time of its snapshot. Package managers refuse signatures
 * from their future.
 */
function setClockScript(clock: Clock, timers: Recipe["timers"]): string {
  const step = `date -s @${(clock.wall() / 1000).toFixed(3)} >/dev/null`;
  return timers === "hold" ? [HOLD_TIMERS, step, RELEASE_TIMERS].join("\n") : step;
}

const KEYS_FILE = `/home/${TEST_USER}/.ssh/authorized_keys`;

interface Seal {
  readonly baseline: string;
  readonly timers: Recipe["timers"];
}

/**
 * Returns the script of the last step: it writes the marker that proves a later rollback, and
 * removes all traces of this lease.
 */
function sealScript({ system, proofFolder }: Guest, { baseline, timers }: Seal): string {
  return [
    `mkdir -p ${proofFolder}`,
    `rm -f ${proofFolder}/nonce`,
    `echo ${baseline} > ${proofFolder}/baseline`,
    ...(system
      ? [
          `chown ${TEST_USER}: ${proofFolder}/baseline`,
          // Keys that the recipe added stay.
          `if [ -e ${KEYS_FILE} ]; then sed -i '/ ${LEASE_KEY_COMMENT}$/d' ${KEYS_FILE}; fi`,
          ...(timers === "hold" ? [HOLD_TIMERS] : []),
          "sync",
        ]
      : []),
  ].join("\n");
}
