import { spawn } from "node:child_process";
import { once } from "node:events";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { endedWith } from "../ended-with.ts";
import { writeIdentity } from "../identity.ts";
import { REACH, reachMachine } from "../reach-machine.ts";
import { defineVerb } from "../verb.ts";

export const ssh = defineVerb({
  name: "ssh",
  summary: "opens a shell on a machine, with OpenSSH's own client",
  details: [
    "MACHINE may be left out where there is only one. A COMMAND is a line for the machine's shell, as with ssh itself.",
    "The machine is rolled back first, and the lease is held until the shell has ended; but what you keep of a failed run is left as it is.",
  ],
  operands: [{ name: "MACHINE" }],
  command: "optional",
  options: REACH,
  async run(surroundings, { operands: [machine], command, options }) {
    return await reachMachine(
      surroundings,
      { machine, ...options, until: "until you leave" },
      async (reached) => {
        const { name, folders, target, standing, signal } = reached;
        await using identity = await writeIdentity(folders.runtime, name, target);
        surroundings.say(`ssh      ${name}: ${standing}`);
        return await runSsh(
          [...identity.sshWords, ...(command.length === 0 ? [] : ["--", ...command])],
          surroundings.env,
          signal,
        );
      },
    );
  },
});

/**
 * In this process' own terminal.
 *
 * @throws the signal's reason when it aborts, after ssh has ended
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
      hint: "install OpenSSH: apt-get install openssh-client · dnf install openssh-clients; `vmrig exec` needs none",
      cause,
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
}
