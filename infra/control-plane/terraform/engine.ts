import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import {
  hasChanges,
  parsePlan,
  type Plan,
} from "../../../packages/vmrig/src/provision/plan/plan.ts";
import type { StateFiles } from "../../../packages/vmrig/src/provision/state-files.ts";
import { PLAN_PREFIX } from "../../../packages/vmrig/src/provision/state-folder.ts";
import {
  binaryName,
  findTerraform,
} from "../../../packages/vmrig/src/provision/terraform-binary.ts";
import { terraformEnvironment } from "../../../packages/vmrig/src/provision/terraform-environment.ts";
import { terraformFailure } from "../../../packages/vmrig/src/provision/terraform-failure.ts";
import {
  runTerraform,
  type TerraformEnded,
} from "../../../packages/vmrig/src/provision/terraform-run.ts";
import { PROVIDER } from "../stack/declare.ts";

const SHORT_MS = 300_000;
const LONG_MS = 3_600_000;
/** Another terminal may be planning. */
const LOCK = "-lock-timeout=30s";

/** A plan. Disposing deletes its file, which contains the user data in clear. */
export interface SavedPlan extends AsyncDisposable {
  readonly plan: Plan;
  readonly changed: boolean;
  apply(): Promise<void>;
}

export interface Engine {
  plan(flags?: readonly string[]): Promise<SavedPlan>;
  /** Returns the outputs; empty before the first apply. */
  outputs(): Promise<Readonly<Record<string, string>>>;
}

const OUTPUTS = z.record(z.string(), z.object({ value: z.string() }));

/**
 * Opens Terraform in the folder of the written stack.
 *
 * @throws VmrigError `TERRAFORM_MISSING`
 */
export async function openEngine(options: {
  readonly files: StateFiles;
  readonly name: string;
  readonly signal: AbortSignal;
}): Promise<Engine> {
  const { files, name, signal } = options;
  const terraform = await findTerraform();
  const env = terraformEnvironment(files, process.env, PROVIDER.environment);
  const run = async (
    args: readonly [string, ...string[]],
    { timeoutMs, log }: { readonly timeoutMs: number; readonly log?: string },
  ): Promise<TerraformEnded> => {
    const ended = await runTerraform(terraform, {
      args,
      cwd: files.stack,
      env,
      signal,
      timeoutMs,
      log,
    });
    if (ended.exitCode === 0) return ended;
    const command = `${binaryName(terraform)} ${args[0]}`;
    throw terraformFailure({ command, copy: name, ended, log });
  };
  const init = (): Promise<unknown> =>
    run(["init", "-no-color", "-input=false"], { timeoutMs: SHORT_MS });
  return {
    async plan(flags = []) {
      requireToken();
      await init();
      const folder = await mkdtemp(join(files.folder, PLAN_PREFIX));
      const path = join(folder, "plan");
      const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        await run(["plan", "-json", "-input=false", LOCK, `-out=${path}`, ...flags], {
          timeoutMs: SHORT_MS,
        });
        const plan = parsePlan(
          (await run(["show", "-json", path], { timeoutMs: SHORT_MS })).stdout,
        );
        return {
          plan,
          changed: hasChanges(plan),
          async apply() {
            const limits = { timeoutMs: LONG_MS, log: files.applyLog };
            await run(["apply", "-json", "-input=false", LOCK, path], limits);
          },
          [Symbol.asyncDispose]: dispose,
        };
      } catch (error) {
        await dispose();
        throw error;
      }
    },
    async outputs() {
      await init();
      const { stdout } = await run(["output", "-json"], { timeoutMs: SHORT_MS });
      const parsed = OUTPUTS.safeParse(JSON.parse(stdout));
      if (!parsed.success)
        throw new VmrigError("TERRAFORM_FAILED", {
          message: `The outputs of the control plane have an unknown form.`,
        });
      return Object.fromEntries(
        Object.entries(parsed.data).map(([key, { value }]) => [key, value]),
      );
    },
  };
}

function requireToken(): void {
  if ((process.env["HCLOUD_TOKEN"] ?? "") !== "") return;
  throw new VmrigError("CLOUD_REFUSED", {
    message: "HCLOUD_TOKEN is not set, so the control plane cannot be planned.",
    hint: "create a token that may read and write in the project's console under Security, and set it in the environment",
  });
}
