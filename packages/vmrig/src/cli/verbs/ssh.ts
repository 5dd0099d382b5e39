import { spawn } from "node:child_process";
import { once } from "node:events";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { endedWith } from "../ended-with.ts";
import { LOGIN_OPTIONS } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const ssh = defineVerb({
  name: "ssh",
  summary: "opens a shell on a machine with the OpenSSH client",
  details: [
    "MACHINE is optional if the rig has one machine. COMMAND is a line for the machine's shell, as in ssh.",
    "Rolls the machine back first, and holds the lease until the shell exits. A copy retained for you after a failed run is used without a rollback.",
  ],
  operands: [{ name: "MACHINE" }],
  command: "optional",
  options: LOGIN_OPTIONS,
  async run(context, { operands: [machine], command, options }) {
    const [{ reachMachine }, { writeIdentity }] = await Promise.all([
      import("../reach-machine.ts"),
      import("../identity.ts"),
    ]);
    return await reachMachine(
      context,
      { machine, ...options, until: "until you leave" },
      async (reached) => {
        const { name, folders, target, description, signal } = reached;
        await using identity = await writeIdentity(folders.runtime, name, target);
        context.say(`ssh      ${name}: ${description}`);
        return await runSsh(
          [...identity.sshWords, ...(command.length === 0 ? [] : ["--", ...command])],
          context.env,
          signal,
        );
      },
    );
  },
});

/**
 * Runs the OpenSSH client in the terminal of this process.
 *
 * @throws the signal's reason if the signal aborts, after ssh has exited
 */
async function runSsh(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const child = spawn("ssh", words, { stdio: "inherit", env });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  try {
    const [code, by] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    return endedWith(code, by);
  } catch (cause) {
    signal.throwIfAborted();
    throw new VmrigError("SSH_MISSING", {
      message: "ssh could not be started.",
      hint: "install OpenSSH: apt-get install openssh-client · dnf install openssh-clients; `vmrig exec` works without it",
      cause,
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
}
