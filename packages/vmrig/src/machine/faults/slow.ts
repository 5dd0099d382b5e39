import type { OptionNames } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { FaultTarget } from "./fault-target.ts";
import { onLan, asRoot } from "./run-as-root.ts";

export interface SlowOptions {
  /** Delay of each packet that the machine sends. A round trip takes this much longer. */
  readonly latency?: Duration | undefined;
  /** Share of sent packets that are lost. */
  readonly loss?: `${number}%` | undefined;
}

export const SLOW_OPTIONS: OptionNames<SlowOptions> = { latency: true, loss: true };

export async function slow(machine: FaultTarget, { latency, loss }: SlowOptions): Promise<void> {
  if (loss !== undefined && !/^(100|\d{1,2}(\.\d+)?)%$/.test(loss)) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `Invalid loss ${JSON.stringify(loss)}.`,
      hint: 'use a percentage such as "5%"',
    });
  }
  const how = [
    latency === undefined ? "" : `delay ${toMilliseconds(latency)}ms`,
    loss === undefined ? "" : `loss ${loss}`,
  ]
    .join(" ")
    .trim();
  const normal = `tc qdisc delete dev "$lan" root 2>/dev/null || true`;
  await asRoot(
    machine,
    `set the delay and packet loss of ${machine.name}`,
    onLan(machine, how === "" ? normal : `tc qdisc replace dev "$lan" root netem ${how}`),
  );
}
