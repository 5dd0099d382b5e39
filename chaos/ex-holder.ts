import { createReadStream } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { isVmrigError } from "vmrig";
import { openFolders } from "vmrig/runner";
import type { GateClient } from "vmrig/worker";
import { driverOf, machineKind } from "./machines.ts";
import { NOTHING_PROMISED, eventLogOnMachine, RECORD_EVENT_SCRIPT } from "./event-log.ts";

type Granted = Awaited<ReturnType<GateClient["claim"]>>;

const ANSWER_MS = 5_000;

/**
 * Simulates a holder that ignores the end of its lease: logs in with its old key without vmrig, and
 * orders a rollback with its old fence without the gate. The machines may accept both as long as no
 * other holder has come since; that does no harm. Afterwards the machines must refuse, or the judge
 * reports a violation.
 *
 * @returns the machine's answer to each of the two
 */
export async function actAsExHolder(
  granted: Granted,
  eventLog: string,
  who: readonly [session: string, visit: string],
): Promise<string[]> {
  return await Promise.all([login(granted, eventLog, who), rollBack(granted)]);
}

async function login(
  { machines, fence }: Granted,
  eventLog: string,
  who: readonly string[],
): Promise<string> {
  const target = machines[0]?.target;
  if (target === undefined) throw new Error("no machine was granted");
  const { host, port, user, privateKey } = target;
  const client = new ssh2.Client();
  const said = Promise.withResolvers<string>();
  client.on("error", (error) => said.resolve(`refused  login: ${error.message}`));
  client.on("close", () => said.resolve("refused  login: hung up"));
  client.on("ready", () => {
    client.exec(
      ["bash", "-s", eventLogOnMachine(eventLog), ...who, fence, NOTHING_PROMISED, "10"].join(" "),
      (error, channel) => {
        if (error !== undefined) return said.resolve(`refused  login: ${error.message}`);
        createReadStream(RECORD_EVENT_SCRIPT).pipe(channel);
        channel.resume().on("close", () => said.resolve("accepted login"));
      },
    );
  });
  client.connect({ host, port, username: user, privateKey, readyTimeout: ANSWER_MS });
  // A paused machine does not answer at all.
  const tooLong = setTimeout(() => said.resolve("refused  login: no answer"), ANSWER_MS);
  const answer = await said.promise;
  clearTimeout(tooLong);
  client.destroy();
  return answer;
}

async function rollBack({ copy, machines, baseline, fence }: Granted): Promise<string> {
  const { state, runtime, cache } = await openFolders();
  const own = {
    rig: "chaos",
    copy,
    folder: join(state, "rigs", copy),
    runtimeFolder: join(runtime, copy),
    cacheFolder: cache,
    machines: [],
  };
  const [{ name, target } = { name: "", target: undefined }] = machines;
  const key = ssh2.utils.parseKey(target?.privateKey ?? "");
  if (key instanceof Error) throw key;
  const authorize = `${key.type} ${key.getPublicSSH().toString("base64")}`;
  try {
    await (
      await driverOf(machineKind())
    ).restore({ copy: own, name }, `baseline-${baseline}`, {
      fence,
      authorize,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return "accepted rollback";
  } catch (error) {
    return `refused  rollback: ${isVmrigError(error) ? error.code : String(error)}`;
  }
}
