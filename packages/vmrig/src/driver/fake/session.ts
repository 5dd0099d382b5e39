import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { constants } from "node:os";
import type { ServerChannel, Session } from "ssh2";
import { spawnAtTerminal, type AtTerminal } from "./spawn-at-terminal.ts";

/** Where and how a machine's commands run. */
export interface CommandPlace {
  readonly shell: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Inside {
  _ending: boolean;
}

/**
 * One session: one command, as OpenSSH runs it, in a process group and session of its own; or a
 * shell that reads its commands. At a terminal when the client asks for one. There are no
 * subsystems.
 */
export function serveSession(session: Session, place: CommandPlace): void {
  let asked: { readonly columns: number; readonly rows: number; readonly term: string } | undefined;
  let terminal: AtTerminal | undefined;
  let child: ChildProcessWithoutNullStreams | undefined;
  const start = (channel: ServerChannel, words: readonly string[]): void => {
    const { shell, home: cwd, env } = place;
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
    // The terminal goes with whoever sat at it.
    channel.on("close", () => void terminal?.child.kill("SIGKILL"));
  };
  session.on("pty", (accept, _reject, { cols: columns, rows, term }) => {
    asked = { columns, rows, term };
    accept?.();
  });
  // One that comes before the program, or after it, changes nothing for anybody.
  session.on(
    "window-change",
    (_accept, _reject, { cols, rows }) =>
      void terminal?.resize({ columns: cols, rows }).catch(() => {}),
  );
  session.on("exec", (accept, _reject, { command }) => start(accept(), ["-c", command]));
  session.on("shell", (accept) => start(accept(), []));
  // ssh2 hears nothing more of a session whose client has sent all of its input; but that is when
  // it asks for a signal.
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
  // A command may end before it has read its input, and a client may leave before it has read the
  // output.
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
  // The exit status goes out when the shell ends; the channel stays open as long as something holds
  // its output.
  child.on("exit", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
  });
  child.on("close", () => channel.end());
}

/**
 * The machine is beyond running anything: its home is gone, or the command is longer than the
 * kernel takes.
 */
function refuse(channel: ServerChannel, error: unknown): void {
  channel.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  channel.exit(255);
  channel.end();
}
