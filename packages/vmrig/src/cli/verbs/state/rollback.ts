import { VmrigError } from "../../../errors/vmrig-error.ts";
import { defineVerb } from "../../verb.ts";
import { ONE_COPY, openCopy, requiredVersion } from "./open-copy.ts";

export const rollback = defineVerb({
  name: "state rollback",
  summary: "makes an earlier version of the state the newest one; type the rig's name to confirm",
  details: [
    "Changes no machine. Without a confirmation, prints what would change in the state, and changes nothing. The version that is the newest now stays in the history.",
  ],
  operands: [{ name: "RIG" }],
  options: {
    copy: ONE_COPY,
    to: { type: "string", value: "VERSION", help: "the version to return to" },
    yes: { type: "boolean", help: "same as RIG; makes the intent of a script clear" },
  },
  async run(context, { operands: [typed], options: { copy: name, to: given, yes = false } }) {
    const to = requiredVersion("to", given);
    const { holder, say, signal, print } = context;
    const opened = await openCopy(context, name);
    const { rig, folders, copy } = opened;
    const [{ previewReturn, returnToVersion }, { openStates }, { renderReturn }] =
      await Promise.all([
        import("../../../operations/state/return-to-version.ts"),
        import("../../../gate/store/open-states.ts"),
        import("./render-state.ts"),
      ]);
    await using states = await openStates(rig, folders);
    const { newest, change } = await previewReturn(states, copy, to);
    print(renderReturn(change));
    if (!yes && typed !== rig.name) {
      throw new VmrigError("CONFIRMATION_MISSING", {
        message: `To return the state of "${copy.copy}" to version ${to}, confirm the rig's name; got ${JSON.stringify(typed ?? "")}. vmrig changed nothing.`,
        hint: `run \`vmrig state rollback --copy ${copy.copy} --to ${to} ${rig.name}\``,
      });
    }
    const version = await returnToVersion({ ...opened, holder, say, signal, from: newest, to });
    print(`stored   ${copy.copy}: version ${version}, as it was in version ${to}\n`);
  },
});
