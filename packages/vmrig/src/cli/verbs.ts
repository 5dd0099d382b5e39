import { resolve } from "node:path";
import { openFolders } from "../config/folders.ts";
import { findConfig, loadConfig } from "../config/load.ts";
import { destroyRig } from "../gate/destroy-rig.ts";
import { openGate } from "../gate/gate.ts";
import type { Holder } from "../lease/lease.ts";
import type { Order } from "./command-line.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly holder: Holder;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Everything that changes machines goes through the same gate as a test run. */
export async function runVerb(order: Exclude<Order, { verb: "help" }>, { cwd, holder, say, signal }: Surroundings): Promise<void> {
  const file = order.config === undefined ? await findConfig(cwd) : resolve(cwd, order.config);
  const { rig } = await loadConfig(file);
  const folders = await openFolders();
  switch (order.verb) {
    case "up": {
      await using gate = openGate({ rig, folders, holder, say, allow: order.allow });
      signal.addEventListener("abort", () => void gate.close(), { once: true });
      const granted = await gate.claim("run");
      say(`up       ${granted.copy}: ${granted.machines.map(({ name }) => name).join(", ")} are at baseline ${granted.baseline}`);
      break;
    }
    case "destroy": {
      const destroyed = await destroyRig({ rig, folders, holder, say, signal, confirm: order.confirm });
      if (destroyed.length === 0) say(`destroy  ${rig.name}: there was nothing`);
      break;
    }
  }
}
