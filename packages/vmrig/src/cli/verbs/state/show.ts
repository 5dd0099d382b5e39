import { defineVerb } from "../../verb.ts";
import { AT, ONE_COPY, readCopy, versionNumber } from "./open-copy.ts";

export const show = defineVerb({
  name: "state show",
  summary: "shows who stored a version of the state, and its resources; needs no lease",
  details: ["With ADDRESS, shows only this resource."],
  operands: [{ name: "ADDRESS" }],
  options: {
    copy: ONE_COPY,
    at: AT,
    json: { type: "boolean", help: "prints JSON, with all attributes that are not sensitive" },
  },
  async run(context, { operands: [address], options: { copy: name, at, json = false } }) {
    const version = versionNumber("at", at);
    await readCopy(context, name, async ({ copy, states }) => {
      const { describeState, readVersion } =
        await import("../../../operations/state/read-state.ts");
      const { renderState } = await import("./render-state.ts");
      const view = await describeState(await readVersion(states, copy, version), {
        copy: copy.copy,
        shown: states.shown,
        address,
        needsResources: address !== undefined,
      });
      context.print(json ? `${JSON.stringify(view, undefined, 2)}\n` : renderState(view));
    });
  },
});
