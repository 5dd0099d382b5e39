import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import { hasChanges, parsePlan, type Plan } from "./plan/plan.ts";
import type { StateFiles } from "./state-files.ts";
import { PLAN_PREFIX } from "./state-folder.ts";
import { synthesize } from "./synthesize.ts";
import { binaryName, type TerraformBinary } from "./terraform-binary.ts";
import { terraformEnvironment } from "./terraform-environment.ts";
import { terraformFailure } from "./terraform-failure.ts";
import { runTerraform, type TerraformEnded, type TerraformRun } from "./terraform-run.ts";
import type { LeaseGuard } from "./lease-guard.ts";

/**
 * Wait for the lock of the state. A Terraform whose gate died may still be creating machines.
 */
const LOCK_TIMEOUT_S = 600;
const LOCKING = ["-input=false", `-lock-timeout=${LOCK_TIMEOUT_S}s`] as const;
const INIT_TIMEOUT_MS = 300_000;
const SHOW_TIMEOUT_MS = 60_000;
const PLAN_TIMEOUT_MS = (LOCK_TIMEOUT_S + 300) * 1000;
const APPLY_TIMEOUT_MS = 3_600_000;

export interface StackOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Missing when the stack can only destroy existing machines. */
  readonly fingerprint?: Fingerprint;
  readonly guard: LeaseGuard;
  readonly files: StateFiles;
  readonly terraform: TerraformBinary;
  readonly owner: string;
}

/**
 * A plan and the function to apply it. Disposing deletes the plan, because it contains the
 * configuration in plain text and becomes outdated.
 */
export interface SavedPlan extends AsyncDisposable {
  readonly plan: Plan;
  /** Whether there is anything to apply. */
  readonly changed: boolean;
  /** Applies exactly this plan. Terraform refuses it when the state has changed since. */
  apply(): Promise<void>;
}

/** The stack of one copy, written and initialised. */
export interface Stack {
  /** Names of the resources that the driver declared, each with the values of its origin. */
  readonly declared: ReadonlyMap<string, string>;
  plan(flags?: readonly string[]): Promise<SavedPlan>;
  /** Marks a resource as tainted: the next apply runs its create step, and no destroy step. */
  taint(address: string): Promise<void>;
}

/**
 * Synthesises the stack of a copy and initialises Terraform for it. The lease is checked before
 * every step.
 *
 * @throws VmrigError `TERRAFORM_FAILED`
 */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { copy, files, guard, terraform } = options;
  guard.assertHeld();
  const declared = await synthesize(options);
  const env = terraformEnvironment(files);

  const run: Run = async (args, limits) => {
    guard.assertHeld();
    const ended = await runTerraform(terraform, {
      args,
      cwd: files.stack,
      env,
      signal: guard.signal,
      ...limits,
    });
    if (ended.exitCode === 0) return ended;
    const command = `${binaryName(terraform)} ${args[0]}`;
    throw terraformFailure({ command, copy: copy.copy, ended, log: limits.log });
  };

  // `-reconfigure`: the backend is a file with an absolute path. When the copy's folder is moved,
  // its state moves with it and needs no migration.
  await run(["init", "-no-color", "-input=false", "-reconfigure"], { timeoutMs: INIT_TIMEOUT_MS });
  return {
    declared,
    plan: async (flags = []) => await savePlan(run, files, flags),
    taint: async (address) => {
      const [, lockTimeout] = LOCKING;
      await run(["taint", lockTimeout, address], { timeoutMs: PLAN_TIMEOUT_MS });
    },
  };
}

type Run = (
  args: readonly [string, ...string[]],
  limits: Pick<TerraformRun, "timeoutMs" | "log">,
) => Promise<TerraformEnded>;

async function savePlan(run: Run, files: StateFiles, flags: readonly string[]): Promise<SavedPlan> {
  const folder = await mkdtemp(join(files.folder, PLAN_PREFIX));
  const path = join(folder, "plan");
  const dispose = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    await run(["plan", "-json", ...LOCKING, `-out=${path}`, ...flags], {
      timeoutMs: PLAN_TIMEOUT_MS,
    });
    const shown = await run(["show", "-json", path], { timeoutMs: SHOW_TIMEOUT_MS });
    const plan = parsePlan(shown.stdout);
    return {
      plan,
      changed: hasChanges(plan),
      apply: async () => {
        await run(["apply", "-json", ...LOCKING, path], {
          timeoutMs: APPLY_TIMEOUT_MS,
          log: files.applyLog,
        });
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
