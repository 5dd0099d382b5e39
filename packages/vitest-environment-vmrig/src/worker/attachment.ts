import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { inject, type RunnerTestCase, type RunnerTestSuite } from "vitest";
import type { Evidence } from "vmrig/worker";

/**
 * Attaches evidence to a test as an annotation. A suite cannot have annotations: its evidence is
 * only written to a file in the attachments folder.
 *
 * @returns the path under which Vitest stores the attachment
 */
export async function attach(
  task: RunnerTestCase | RunnerTestSuite,
  copy: string,
  { text }: Evidence,
): Promise<string> {
  const path = task.type === "test" ? await annotate(task, copy, text) : await put(copy, text);
  return path === undefined ? "attached" : relative(process.cwd(), path);
}

async function annotate(
  task: RunnerTestCase,
  copy: string,
  text: string,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-evidence-"));
  try {
    const file = join(folder, "evidence.txt");
    await writeFile(file, text, { mode: 0o600 });
    const { attachment } = await whileItRuns(task, () =>
      task.context.annotate(`evidence of ${copy}`, "vmrig", {
        path: file,
        contentType: "text/plain",
      }),
    );
    return attachment?.path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Vitest accepts annotations for running tests only, and marks a test as failed before the hooks
 * around the test have ended. So the state is set back to `run` while `work` annotates.
 */
async function whileItRuns<T>({ result }: RunnerTestCase, work: () => Promise<T>): Promise<T> {
  if (result === undefined) return work();
  const { state } = result;
  result.state = "run";
  try {
    return await work();
  } finally {
    result.state = state;
  }
}

async function put(copy: string, text: string): Promise<string> {
  const folder = inject("vmrigAttachments");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `evidence-of-${copy}-${randomUUID()}.txt`);
  await writeFile(file, text, { mode: 0o600 });
  return file;
}
