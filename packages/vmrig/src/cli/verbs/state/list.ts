import { defineVerb } from "../../verb.ts";
import { ONE_COPY, readCopy } from "./open-copy.ts";

export const list = defineVerb({
  name: "state list",
  summary: "lists the resources of the newest version, one address per line; needs no lease",
  details: ["Marks resources whose creation failed or was interrupted as tainted."],
  operands: [],
  options: { copy: ONE_COPY },
  async run(context, { options: { copy: name } }) {
    await readCopy(context, name, async ({ copy, states }) => {
      const { describeState, readVersion } =
        await import("../../../operations/state/read-state.ts");
      const { addressOf } = await import("./render-state.ts");
      const { resources = [] } = await describeState(await readVersion(states, copy), {
        copy: copy.copy,
        shown: states.shown,
        needsResources: true,
      });
      for (const resource of resources) context.print(`${addressOf(resource)}\n`);
    });
  },
});
