import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/finding.ts";
import type { TestCli } from "../test-cli.test.kit.ts";
import { examine, type ExamineOptions } from "./examine.ts";

/** Returns all findings by name. */
export async function runDoctor(
  cli: TestCli,
  options: Partial<ExamineOptions> = {},
): Promise<Readonly<Record<string, Finding>>> {
  const findings: Finding[] = [];
  const examination = examine({
    cwd: cli.project,
    nodeVersion: process.versions.node,
    leastFreeBytes: 1,
    clock: systemClock,
    signal: new AbortController().signal,
    ...options,
    env: { ...process.env, ...cli.env, ...options.env },
  });
  for await (const finding of examination) findings.push(finding);
  return Object.fromEntries(findings.map((finding) => [finding.what, finding]));
}

/** Returns the findings that are not ok. Each must have a fix. */
export function problems(findings: Readonly<Record<string, Finding>>): Finding[] {
  const wrong = Object.values(findings).filter(({ status }) => status !== "ok");
  for (const { what, fix } of wrong) expect(fix, what).toMatch(/\S/);
  return wrong;
}

/** Returns an environment with only some of this computer's programs on the PATH. */
export async function pathWith(
  cli: TestCli,
  name: string,
  programs: readonly (keyof typeof PROGRAMS)[],
): Promise<{ readonly [name: string]: string | undefined; readonly PATH: string }> {
  const bin = await cli.folder(name);
  for (const program of programs)
    await symlink(await locate(PROGRAMS[program]), join(bin, program));
  return { PATH: bin, VMRIG_TERRAFORM: undefined };
}

const PROGRAMS = {
  terraform: [process.env["VMRIG_TERRAFORM"], "terraform", "tofu"],
  "redis-server": ["redis-server", "valkey-server"],
  ssh: ["ssh"],
} as const;

async function locate(names: readonly (string | undefined)[]): Promise<string> {
  const { stdout } = await execa("which", ["-a", ...names.filter((name) => name !== undefined)], {
    reject: false,
  });
  return stdout.split("\n")[0] ?? "";
}
