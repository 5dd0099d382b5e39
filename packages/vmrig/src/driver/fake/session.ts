import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { constants } from "node:os";
import type { ServerChannel, Session } from "ssh2";
import { spawnAtTerminal, type AtTerminal } from "./spawn-at-terminal.ts";

/** Shell, home and environment of a machine's commands. */
export interface CommandEnvironment {
  readonly shell: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Inside {
  _ending: boolean;
}

/**
 * Serves one session as OpenSSH does: one command, in a separate process group and session, or a
 * shell that reads its commands. With a terminal when the client requests one. Subsystems are not
 * supported.
 */
export function serveSession(session: Session, environment: CommandEnvironment): void {
  let asked: { readonly columns: number; readonly rows: number; readonly term: string } | undefined;
  let terminal: AtTerminal | undefined;
  let child: ChildProcessWithoutNullStreams | undefined;
  const start = (channel: ServerChannel, words: readonly string[]): void => {
    const { shell, home: cwd, env } = environment;
    try {
      if (asked !== undefined)
        terminal = spawnAtTerminal([shell, ...words], {
          ...asked,
          cwd,
          env: { ...env, TERM: asked.term },
        });
      child = terminal?.child ?? spawn(shell, words, { cwd, env, detached: true });
    } catch (error) {
      refuse(channel, error);
      return;
    }
    connect(channel, child);
    // The terminal ends with the session.
    channel.on("close", () => void terminal?.child.kill("SIGKILL"));
  };
  session.on("pty", (accept, _reject, { cols: columns, rows, term }) => {
    asked = { columns, rows, term };
    accept?.();
  });
  // A resize before the program starts or after it ends has no effect.
  session.on(
    "window-change",
    (_accept, _reject, { cols, rows }) =>
      void terminal?.resize({ columns: cols, rows }).catch(() => {}),
  );
  session.on("exec", (accept, _reject, { command }) => start(accept(), ["-c", command]));
  session.on("shell", (accept) => start(accept(), []));
  // ssh2 ignores further requests of a session after its client has ended the input; but the client
  // sends a signal at that time.
  session.on("end", () => ((session as unknown as Inside)._ending = false));
  session.on("signal", (_accept, _reject, { name }) => {
    const signal = `SIG${name}`;
    if (child?.pid === undefined || !isSignal(signal)) return;
    if (terminal !== undefined) {
      terminal.signal(signal).catch(() => {}); // the group is gone
      return;
    }
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone.
    }
  });
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}

function connect(channel: ServerChannel, child: ChildProcessWithoutNullStreams): void {
  // A command may end before it has read its input, and a client may disconnect before it has read
  // the output.
  for (const stream of [channel, child.stdin, child.stdout, child.stderr])
    stream.on("error", () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on("close", () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on("error", (error) => refuse(channel, error));
  // The exit status is sent when the shell ends. The channel stays open while any process keeps its
  // output open.
  child.on("exit", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
  });
  child.on("close", () => channel.end());
}

/**
 * Ends a session whose command cannot start: the machine's home is gone, or the command is longer
 * than the kernel allows.
 */
function refuse(channel: ServerChannel, error: unknown): void {
  channel.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  channel.exit(255);
  channel.end();
}
