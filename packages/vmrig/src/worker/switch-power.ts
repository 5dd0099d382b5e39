import { bootId } from "../baseline/proof.ts";
import type { PowerAction } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { loginWhenBooted } from "./login-when-booted.ts";
import type { MachineControlOptions } from "./machine-control-options.ts";

export interface PowerSwitch {
  /** Name of the machine. */
  readonly name: string;
  readonly action: PowerAction;
}

/** Switches a machine on or off, or reboots it, and verifies its new boot. */
export async function switchPower(
  reach: MachineControlOptions,
  { name, action }: PowerSwitch,
): Promise<void> {
  const { guest } = reach.grant();
  const before = action === "reboot" ? await bootId(await reach.connect(name), guest) : undefined;
  if (action === "on") {
    await reach.control({ kind: "power", machine: name, action });
    reach.switched(name, false);
    await reach.without([name], async (keep) => keep(name, await loginWhenBooted(reach, name)));
    return;
  }
  await reach.without([name], async (keep) => {
    await reach.control({ kind: "power", machine: name, action });
    if (action !== "reboot") return reach.switched(name, true);
    const fresh = await loginWhenBooted(reach, name);
    keep(name, fresh);
    const after = await bootId(fresh, guest);
    if (after !== before && after !== "") return;
    throw new VmrigError("FAULT_FAILED", {
      message: `${name} did not reboot.`,
      details: [`its boot id is still ${before}`],
    });
  });
}
