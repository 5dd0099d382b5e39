import { defineVerb } from "../../verb.ts";
import { AT, ONE_COPY, readCopy, versionNumber } from "./open-copy.ts";

export const pull = defineVerb({
  name: "state pull",
  summary: "prints the decrypted text of the state, byte for byte; needs no lease",
  details: [
    "The text contains all secrets of the state. The number of its version goes to stderr: `vmrig state push` needs it.",
  ],
  operands: [],
  options: { copy: ONE_COPY, at: AT },
  async run(context, { options: { copy: name, at } }) {
    const version = versionNumber("at", at);
    await readCopy(context, name, async ({ copy, states }) => {
      const { readVersion } = await import("../../../operations/state/read-state.ts");
      const { state, newest } = await readVersion(states, copy, version);
      context.print(state.text);
      const use =
        state.version === newest
          ? `push a changed file with \`--base ${newest}\``
          : `the newest is ${newest}`;
      context.say(`pull     version ${state.version} of ${copy.copy}: ${use}`);
    });
  },
});
