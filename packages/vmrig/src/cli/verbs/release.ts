import { openRig, type OpenedRig } from "../open-rig.ts";
import { copyOption } from "../options.ts";
import { defineVerb, type VerbContext } from "../verb.ts";

export const release = defineVerb({
  name: "release",
  summary:
    "releases copies retained for you after a failed run; with --force, ends the lease of another holder",
  details: [
    "A run that loses its lease fails with an error that names you. With several holders, --force needs --copy.",
  ],
  operands: [],
  options: {
    copy: copyOption("only this copy; default: all"),
    force: {
      type: "boolean",
      help: "ends the lease of another user, or of a run that does not exit",
    },
  },
  async run(context, { options: { copy, force = false } }) {
    const opened = await openRig(context);
    const { pickCopies } = await import("../pick-copy.ts");
    pickCopies(opened.rig, copy);
    await (force ? releaseByForce(context, opened, copy) : releaseOwn(context, opened, copy));
  },
});

async function releaseOwn(
  { holder, say, print }: VerbContext,
  opened: OpenedRig,
  only: string | undefined,
): Promise<void> {
  const [{ findRetainedCopy }, { releaseRetainedCopy }] = await Promise.all([
    import("../../operations/find-retained-copy.ts"),
    import("../../operations/release-retained-copy.ts"),
  ]);
  const found = await findRetainedCopy({ ...opened, only, say });
  // A paused run still owns its copies and continues with them.
  for (const { copy } of found.filter(({ retained }) => retained.paused))
    say(`paused   ${copy.copy}: press Enter at the terminal of its run`);
  const retained = found.filter(({ retained }) => retained.paused !== true);
  if (retained.length === 0) {
    print(`nothing  no copy of ${only ?? opened.rig.name} is retained for you\n`);
    return;
  }
  for (const copy of await releaseRetainedCopy({ ...opened, holder, say }, retained))
    print(`released ${copy}: it was retained for you\n`);
}

async function releaseByForce(
  { holder, print }: VerbContext,
  opened: OpenedRig,
  only: string | undefined,
): Promise<void> {
  const [{ forceRelease }, { renderCurrentHolder }, { copyNames }] = await Promise.all([
    import("../../operations/force-release.ts"),
    import("../../lease/current-holder.ts"),
    import("../../config/copy-spec.ts"),
  ]);
  const released = await forceRelease({
    ...opened,
    holder: { ...holder, command: "vmrig release --force" },
    only,
  });
  if (released.length === 0)
    print(`nothing  no lease on ${only ?? copyNames(opened.rig).join(", ")}\n`);
  for (const hold of released)
    print(`released ${hold.copy}: it was ${renderCurrentHolder(hold)}\n`);
}
