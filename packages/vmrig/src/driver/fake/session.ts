import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { constants } from "node:os";
import type { ServerChannel, Session } from "ssh2";

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
 * One session: one command, as OpenSSH runs it, in a process group and session of its own; or a shell that reads its commands. There are no
 * terminals and no subsystems.
 */
export function serveSession(session: Session, place: CommandPlace): void {
  let child: ChildProcessWithoutNullStreams | undefined;
  const start = (channel: ServerChannel, words: readonly string[]): void => {
    try {
      child = spawn(place.shell, words, { cwd: place.home, env: place.env, detached: true });
    } catch (error) {
      refuse(channel, error);
      return;
    }
    connect(channel, child);
  };
  session.on("exec", (accept, _reject, { command }) => start(accept(), ["-c", command]));
  session.on("shell", (accept) => start(accept(), []));
  // ssh2 hears nothing more of a session whose client has sent all of its input; but that is when it asks for a signal.
  session.on("end", () => ((session as unknown as Inside)._ending = false));
  session.on("signal", (_accept, _reject, { name }) => {
    const signal = `SIG${name}`;
    if (child?.pid === undefined || !(signal in constants.signals)) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone.
    }
  });
}

function connect(channel: ServerChannel, child: ChildProcessWithoutNullStreams): void {
  // A command may end before it has read its input, and a client may leave before it has read the output.
  for (const stream of [channel, child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on("close", () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on("error", (error) => refuse(channel, error));
  // The exit status goes out when the shell ends; the channel stays open as long as something holds its output.
  child.on("exit", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
  });
  child.on("close", () => channel.end());
}

/** The machine is beyond running anything: its home is gone, or the command is longer than the kernel takes. */
function refuse(channel: ServerChannel, error: unknown): void {
  channel.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  channel.exit(255);
  channel.end();
}
