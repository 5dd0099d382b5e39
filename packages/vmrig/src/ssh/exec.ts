import type { Readable, Writable } from "node:stream";
import { runProcess } from "./process.ts";
import type { Ending } from "./ending.ts";
import type { Session } from "./session.ts";
import type { StopSignal } from "./signal.ts";

export interface ExecOptions {
  /** Standard input; a stream is passed on as its data arrives. @defaultValue empty */
  readonly input?: string | Uint8Array | Readable;
  /**
   * Streams that receive the output as it arrives; the result then contains none of it. Neither
   * stream is ended.
   */
  readonly output?: { readonly stdout: Writable; readonly stderr: Writable };
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Signal that stops the command's process group at the timeout or on abort.
   *
   * @defaultValue `KILL`
   */
  readonly stopSignal?: StopSignal;
}

export interface ExecResult extends Ending {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs one command to its end and returns its output. */
export async function exec(
  session: Session,
  command: string,
  { input, output, ...rest }: ExecOptions,
): Promise<ExecResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let fed: Writable | undefined;
  try {
    const ending = await runProcess(session, command, {
      ...rest,
      said: () => [`it had printed ${Buffer.concat([...stdout, ...stderr]).length} bytes`],
      attend(process) {
        if (output === undefined) {
          process.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
          process.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
        } else {
          process.stdout.pipe(output.stdout, { end: false });
          process.stderr.pipe(output.stderr, { end: false });
        }
        if (isStream(input)) fed = input.pipe(process.stdin);
        else process.stdin.end(input);
      },
    });
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), ...ending };
  } finally {
    if (isStream(input) && fed !== undefined) input.unpipe(fed);
  }
}

function isStream(input: ExecOptions["input"]): input is Readable {
  return typeof input === "object" && "pipe" in input;
}
