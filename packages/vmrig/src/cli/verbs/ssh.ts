import { spawn } from "node:child_process";
import { once } from "node:events";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { endedWith } from "../ended-with.ts";
import { holdMachines } from "../hold-machines.ts";
import { writeIdentity } from "../identity.ts";
import { pickMachine } from "../pick-machine.ts";
import { defineVerb } from "../verb.ts";

export const ssh = defineVerb({
  name: "ssh",
  summary: "opens a shell on a machine, with OpenSSH's own client",
  details: [
    "MACHINE may be left out where there is only one. A COMMAND is a line for the machine's shell, as with ssh itself.",
    "The machine is rolled back first, and the lease is held until the shell has ended.",
  ],
  operands: [{ name: "MACHINE" }],
  command: "optional",
  options: {},
  async run(surroundings, { operands: [wanted], command }) {
    return await holdMachines(surroundings, { check: (rig) => void pickMachine(rig, wanted) }, async (held) => {
      const { rig, folders, claim, signal } = held;
      const name = pickMachine(rig, wanted);
      // The proof of the rollback, which ssh knows nothing of.
      await claim.connect(name);
      await using identity = await writeIdentity(folders.runtime, name, claim.target(name));
      surroundings.say(`ssh      ${name}: ${claim.copy} is held until you leave`);
      return await runSsh([...identity.sshWords, ...(command.length === 0 ? [] : ["--", ...command])], surroundings.env, signal);
    });
  },
});

/** In this process' own terminal. @throws the signal's reason when it aborts, after ssh has ended */
async function runSsh(words: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
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
