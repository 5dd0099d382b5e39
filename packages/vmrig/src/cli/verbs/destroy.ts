import { VmrigError } from "../../errors/vmrig-error.ts";
import { openRig } from "../open-rig.ts";
import { copyOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const destroy = defineVerb({
  name: "destroy",
  summary: "destroys the rig's machines for good; type the rig's name to confirm",
  details: ["Also deletes their baselines. Images in the cache and the embedded Redis stay."],
  operands: [{ name: "RIG" }],
  options: {
    copy: copyOption("only this copy, also one beyond the config; default: all copies"),
    "yes-destroy": {
      type: "string",
      value: "RIG",
      help: "same as RIG; makes the intent of a script clear",
    },
    owner: {
      type: "string",
      value: "OWNER",
      help: "also destroys what this owner has in the cloud, because its state is lost",
    },
    "lost-key": {
      type: "boolean",
      help: "the key that encrypted the state is lost: finds the machines without the state",
    },
  },
  async run(context, { operands: [typed], options }) {
    const { holder, say, print, signal } = context;
    const confirmed = options["yes-destroy"];
    if (typed !== undefined && confirmed !== undefined) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `vmrig destroy takes one name, got "${typed}" and "${confirmed}".`,
      });
    }
    const { rig, folders } = await openRig(context);
    const { destroyRig } = await import("../../operations/destroy-rig.ts");
    const destroyed = await destroyRig({
      rig,
      folders,
      holder,
      say,
      signal,
      confirm: typed ?? confirmed ?? "",
      ...(options.copy !== undefined && { only: options.copy }),
      ...(options.owner !== undefined && { owner: options.owner }),
      lostKey: options["lost-key"] === true,
    });
    if (destroyed.length === 0) print(`gone     ${rig.name}: nothing to destroy\n`);
    else print(destroyed.map((address) => `gone     ${address}\n`).join(""));
  },
});
