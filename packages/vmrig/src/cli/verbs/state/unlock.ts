import { defineVerb } from "../../verb.ts";
import { ONE_COPY, openCopy } from "./open-copy.ts";

export const unlock = defineVerb({
  name: "state unlock",
  summary: "shows who has locked the state; with --force, ends the lock",
  details: [
    "The lock of a state is the lease of its copy, so --force does the same as `vmrig release --force`. When no lease is held, makes sure that no earlier run can still write the state.",
  ],
  operands: [],
  options: {
    copy: ONE_COPY,
    force: {
      type: "boolean",
      help: "ends the lease of another user, or of a run that does not exit",
    },
  },
  async run(context, { options: { copy: name, force = false } }) {
    const { holder, say, signal, print } = context;
    const opened = await openCopy(context, name);
    const [{ unlockState }, { renderCurrentHolder }] = await Promise.all([
      import("../../../operations/state/unlock-state.ts"),
      import("../../../lease/current-holder.ts"),
    ]);
    const command = force ? `${holder.command} --force` : holder.command;
    const by = { ...holder, command };
    const unlocked = await unlockState({ ...opened, holder: by, say, signal, force });
    for (const hold of unlocked.released)
      print(`released ${hold.copy}: it was ${renderCurrentHolder(hold)}\n`);
    const { copy } = opened.copy;
    const { fence, applying } = unlocked;
    if (fence === undefined) print(`queue    ${copy}: the next run in the queue has it now\n`);
    else print(`unlocked ${copy}: runs with a fence below ${fence} cannot write the state\n`);
    if (applying.length > 0)
      print(
        `apply    not completed: ${applying.join(", ")}; the next run repairs these machines\n`,
      );
  },
});
