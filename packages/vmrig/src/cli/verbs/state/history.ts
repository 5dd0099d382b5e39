import { defineVerb } from "../../verb.ts";
import { ONE_COPY, readCopy } from "./open-copy.ts";

export const history = defineVerb({
  name: "state history",
  summary: "lists the kept versions of the state, newest first; needs no lease",
  details: ["A store keeps the last 50 versions."],
  operands: [],
  options: {
    copy: ONE_COPY,
    json: { type: "boolean", help: "prints JSON: { copy, store, versions }" },
  },
  async run(context, { options: { copy: name, json = false } }) {
    const { print, say } = context;
    await readCopy(context, name, async ({ copy: { copy, rig }, states }) => {
      const { viewVersion } = await import("../../../operations/state/read-state.ts");
      const { renderHistory } = await import("./render-state.ts");
      const versions = (await states.history({ rig, copy })).map(viewVersion);
      if (json) print(`${JSON.stringify({ copy, store: states.shown, versions }, undefined, 2)}\n`);
      else if (versions.length === 0) say(`nothing  ${copy} has no state in ${states.shown}`);
      else print(renderHistory(versions));
    });
  },
});
