import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { forgetEngine, recordEngine } from "./earlier-run/engine-record.ts";
import type { LeaseGuard } from "./lease-guard.ts";
import { hasChanges, parsePlan, type Plan } from "./plan/plan.ts";
import type { StateFiles } from "./state-files.ts";
import { PLAN_PREFIX } from "./state-folder.ts";
import { serveStateBackend, type StateBackend } from "./state/http-backend.ts";
import type { StateSession } from "./state/state-session.ts";
import type { WrittenStack } from "./written-stack.ts";
import { synthesize } from "./synthesize.ts";
import { binaryName, type TerraformBinary } from "./terraform-binary.ts";
import { terraformEnvironment } from "./terraform-environment.ts";
import { terraformFailure } from "./terraform-failure.ts";
import { runTerraform, type TerraformEnded, type TerraformRun } from "./terraform-run.ts";

const INIT_TIMEOUT_MS = 300_000;
const SHOW_TIMEOUT_MS = 60_000;
const PLAN_TIMEOUT_MS = 900_000;
const APPLY_TIMEOUT_MS = 3_600_000;

export interface StackOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Missing when the stack can only destroy existing machines. */
  readonly fingerprint?: Fingerprint;
  readonly guard: LeaseGuard;
  readonly files: StateFiles;
  readonly session: StateSession;
  readonly terraform: TerraformBinary;
  readonly owner: string;
  readonly secret?: string | undefined;
  readonly attempt?: number | undefined;
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

/** The stack of one copy. Serves its state to Terraform until it is disposed. */
export interface Stack extends AsyncDisposable {
  readonly written: WrittenStack;
  /** Writes the stack again, so that the next apply adopts existing resources: ids by address. */
  adopt(imports: ReadonlyMap<string, string>): Promise<void>;
  /** Removes a resource from the state only. */
  forget(address: string): Promise<void>;
  plan(flags?: readonly string[]): Promise<SavedPlan>;
  /** Marks a resource as tainted: the next apply runs its create step, and no destroy step. */
  taint(address: string): Promise<void>;
}

type Limits = Pick<TerraformRun, "timeoutMs" | "log" | "onStart">;
type Run = (args: readonly [string, ...string[]], limits: Limits) => Promise<TerraformEnded>;

/**
 * Synthesises the stack of a copy. Terraform is initialised for it before the first plan. The lease
 * is checked before every step.
 *
 * @throws VmrigError `TERRAFORM_FAILED`, `STATE_UNSAVED`; why the state was refused, after Terraform
 *   was stopped
 */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { guard, files, session } = options;
  guard.assertHeld();
  const written = await synthesize(options);
  const refused = new AbortController();
  const backend = await serveStateBackend({
    session,
    assertHeld: () => guard.assertHeld(),
    signal: guard.signal,
    onRefused: (why) => refused.abort(why),
  });
  const env = {
    ...terraformEnvironment(files, process.env, written.environment),
    ...backend.environment,
  };
  const run = runner(options, { backend, env, refused: refused.signal });
  let initialised: Promise<unknown> | undefined;
  const ready = async (): Promise<void> => {
    // `-reconfigure`: an earlier version of vmrig may have initialised another kind of backend.
    initialised ??= run(["init", "-no-color", "-input=false", "-reconfigure"], {
      timeoutMs: INIT_TIMEOUT_MS,
    });
    await initialised;
  };
  return {
    written,
    async adopt(imports) {
      await synthesize({ ...options, imports });
    },
    async forget(address) {
      await ready();
      await run(["state", "rm", address], { timeoutMs: PLAN_TIMEOUT_MS });
    },
    async plan(flags = []) {
      await ready();
      return await savePlan({ run, files, session, fence: guard.fence }, flags);
    },
    async taint(address) {
      await ready();
      await run(["taint", address], { timeoutMs: PLAN_TIMEOUT_MS });
    },
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await rm(files.configuration, { force: true });
    },
  };
}

function runner(
  { copy, files, guard, terraform }: StackOptions,
  {
    backend,
    env,
    refused,
  }: {
    readonly backend: StateBackend;
    readonly env: Readonly<Record<string, string>>;
    readonly refused: AbortSignal;
  },
): Run {
  const signal = AbortSignal.any([guard.signal, refused]);
  return async (args, limits) => {
    guard.assertHeld();
    const ended = await runTerraform(terraform, { args, cwd: files.stack, env, signal, ...limits });
    if (ended.exitCode === 0) return ended;
    if (backend.problem !== undefined) throw unsaved(copy, files, backend.problem);
    const command = `${binaryName(terraform)} ${args[0]}`;
    throw terraformFailure({ command, copy: copy.copy, ended, log: limits.log });
  };
}

/** The engine only prints the status code of the backend. */
function unsaved({ copy }: CopySpec, files: StateFiles, problem: VmrigError): VmrigError {
  return new VmrigError("STATE_UNSAVED", {
    message: `Terraform changed machines of "${copy}", and its state could not be stored. ${problem.summary}`,
    details: [...problem.details, `state: ${files.unsaved}`],
    hint: "run again when the store works: the next run on this computer saves this state",
    cause: problem,
  });
}

async function savePlan(
  {
    run,
    files,
    session,
    fence,
  }: {
    readonly run: Run;
    readonly files: StateFiles;
    readonly session: StateSession;
    readonly fence: number;
  },
  flags: readonly string[],
): Promise<SavedPlan> {
  const folder = await mkdtemp(join(files.folder, PLAN_PREFIX));
  const path = join(folder, "plan");
  const dispose = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    await run(["plan", "-json", "-input=false", `-out=${path}`, ...flags], {
      timeoutMs: PLAN_TIMEOUT_MS,
    });
    const shown = await run(["show", "-json", path], { timeoutMs: SHOW_TIMEOUT_MS });
    const plan = parsePlan(shown.stdout);
    return {
      plan,
      changed: hasChanges(plan),
      apply: async () => {
        const base = session.version;
        await run(["apply", "-json", "-input=false", path], {
          timeoutMs: APPLY_TIMEOUT_MS,
          log: files.applyLog,
          onStart: (pid) => recordEngine(files, pid, { fence, base }),
        });
        await forgetEngine(files);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
