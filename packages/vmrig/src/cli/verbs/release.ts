import { copyNames } from "../../config/copy-spec.ts";
import { openRig, type OpenedRig } from "../open-rig.ts";
import { copyOption, pickCopies } from "../pick-copy.ts";
import { defineVerb, type Surroundings } from "../verb.ts";

export const release = defineVerb({
  name: "release",
  summary:
    "gives back what you keep of a failed run; with --force, takes the lease from whoever has it",
  details: [
    "A run that is cut off fails, and is told by whom. With several holders --force needs --copy.",
  ],
  operands: [],
  options: {
    copy: copyOption("this copy alone; default: all"),
    force: {
      type: "boolean",
      help: "ends the lease of somebody else, or of a run that does not end by itself",
    },
  },
  async run(surroundings, { options: { copy, force = false } }) {
    const opened = await openRig(surroundings);
    pickCopies(opened.rig, copy);
    await (force
      ? releaseByForce(surroundings, opened, copy)
      : releaseOwn(surroundings, opened, copy));
  },
});

async function releaseOwn(
  { holder, say, answer }: Surroundings,
  opened: OpenedRig,
  only: string | undefined,
): Promise<void> {
  const [{ findRetainedCopy }, { releaseRetainedCopy }] = await Promise.all([
    import("../../operations/find-retained-copy.ts"),
    import("../../operations/release-retained-copy.ts"),
  ]);
  const found = await findRetainedCopy({ ...opened, only, say });
  // Those are the run's own, and it goes on with them.
  for (const { copy } of found.filter(({ kept }) => kept.paused))
    say(`paused   ${copy.copy}: press Enter at the terminal of its run`);
  const kept = found.filter(({ kept }) => kept.paused !== true);
  if (kept.length === 0) {
    answer(`nothing  you keep no copy of ${only ?? opened.rig.name}\n`);
    return;
  }
  for (const copy of await releaseRetainedCopy({ ...opened, holder, say }, kept))
    answer(`released ${copy}: it was kept for you\n`);
}

async function releaseByForce(
  { holder, answer }: Surroundings,
  opened: OpenedRig,
  only: string | undefined,
): Promise<void> {
  const [{ forceRelease }, { renderCurrentHolder }] = await Promise.all([
    import("../../operations/force-release.ts"),
    import("../../lease/current-holder.ts"),
  ]);
  const cut = await forceRelease({
    ...opened,
    holder: { ...holder, command: "vmrig release --force" },
    only,
  });
  if (cut.length === 0)
    answer(`nothing  nobody holds ${only ?? copyNames(opened.rig).join(", ")}\n`);
  for (const hold of cut) answer(`released ${hold.copy}: it was ${renderCurrentHolder(hold)}\n`);
}
