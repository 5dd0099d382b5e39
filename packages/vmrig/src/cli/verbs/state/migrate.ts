import { openRig } from "../../open-rig.ts";
import { usageError } from "../../usage-error.ts";
import { defineVerb, type VerbContext } from "../../verb.ts";
import { ONE_COPY, openCopy } from "./open-copy.ts";
import { parseStore, STORE_OPTIONS, type StoreOptionValues } from "./store-options.ts";

export const migrate = defineVerb({
  name: "state migrate",
  summary: "copies states to another store, or takes over a state of Terraform's own backends",
  details: [
    "With --to, copies the newest version of each copy's state from the store of the config, reads it back, and prints the new line of the config. The history stays in the old store.",
    "With --from, copies a state that Terraform or OpenTofu wrote into the store of the config, for a copy that has no resources.",
  ],
  operands: [],
  options: {
    copy: {
      ...ONE_COPY,
      help: "only this copy; default: with --to all copies, with --from the rig's only copy",
    },
    to: { type: "string", value: "STORE", help: "the new store: file, redis, pg or s3" },
    from: {
      type: "string",
      value: "PLACE",
      help: "local:PATH, pg:URL[#SCHEMA[.WORKSPACE]] or s3:BUCKET/KEY",
    },
    ...STORE_OPTIONS,
  },
  async run(context, { options: { copy, to, from, ...options } }) {
    if ((to === undefined) === (from === undefined))
      throw usageError("vmrig state migrate needs either --to or --from.");
    if (to !== undefined) await migrateTo(context, { copy, to, options });
    if (from !== undefined) await takeOver(context, { copy, from, options });
  },
});

interface Given {
  readonly copy: string | undefined;
  readonly options: StoreOptionValues;
}

async function migrateTo(
  context: VerbContext,
  { copy: only, to: store, options }: Given & { readonly to: string },
): Promise<void> {
  const { holder, say, signal, print } = context;
  const to = await parseStore(store, options);
  const { rig, folders } = await openRig(context);
  const [{ pickCopies, pickCopy }, { migrateState }, { configLine }] = await Promise.all([
    import("../../pick-copy.ts"),
    import("../../../operations/state/migrate-state.ts"),
    import("../../../operations/state/store-target.ts"),
  ]);
  let left = 0;
  for (const name of pickCopies(rig, only)) {
    const copy = pickCopy(rig, folders, name);
    const migrated = await migrateState({ rig, folders, copy, holder, say, signal, to });
    left += migrated.left;
    if (migrated.version === 0) print(`nothing  ${name}: no state in ${migrated.from}\n`);
    else if (migrated.present)
      print(`current  ${name}: version ${migrated.newVersion} in ${migrated.to} is the same\n`);
    else
      print(
        `copied   ${name}: version ${migrated.version} is version ${migrated.newVersion} in ${migrated.to}\n`,
      );
  }
  if (left > 0) say(`history  ${left} older versions stay in the old store`);
  print(`config   ${configLine(to)}\n`);
  say("config   change it for everyone who uses this rig: the old store still accepts runs");
}

async function takeOver(
  context: VerbContext,
  { copy: name, from: text, options }: Given & { readonly from: string },
): Promise<void> {
  const { holder, say, signal, print, env, cwd } = context;
  const [{ parseNativeSource }, { takeOverState }, path] = await Promise.all([
    import("../../../provision/state/native/native-source.ts"),
    import("../../../operations/state/take-over-state.ts"),
    import("node:path"),
  ]);
  const source = parseNativeSource(text);
  const from =
    source.backend === "local" ? { ...source, path: path.resolve(cwd, source.path) } : source;
  const { "s3-region": region, "s3-endpoint": endpoint, "s3-path-style": pathStyle } = options;
  const opened = await openCopy(context, name);
  const taken = await takeOverState({
    ...opened,
    holder,
    say,
    signal,
    env,
    from,
    ...(region !== undefined && {
      s3: { region, ...(endpoint !== undefined && { endpoint }), ...(pathStyle && { pathStyle }) },
    }),
  });
  for (const address of taken.resources) print(`resource ${address}\n`);
  print(`stored   ${opened.copy.copy}: version ${taken.version}, from ${taken.from}\n`);
  say("native   the old state stays where it is: do not use it any more");
}
