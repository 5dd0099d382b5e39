import { openRig } from "../../open-rig.ts";
import { defineVerb } from "../../verb.ts";
import { parseStore, STORE_OPTIONS } from "./store-options.ts";

export const init = defineVerb({
  name: "state init",
  summary: "prepares the store of the states, and checks that it can be written",
  details: [
    "For pg, creates the tables, and prints the statements that let another role use them. For s3, lets several writers race, and refuses a server that lets two of them win. May be repeated.",
  ],
  operands: [],
  options: {
    store: {
      type: "string",
      value: "STORE",
      help: "file, redis, pg or s3; default: the store of the config",
    },
    ...STORE_OPTIONS,
  },
  async run(context, { options: { store, ...options } }) {
    const { holder, print } = context;
    const given = store === undefined ? undefined : await parseStore(store, options);
    const { rig, folders } = await openRig(context);
    const [{ initStateStore }, { stateOptions }] = await Promise.all([
      import("../../../operations/state/init-state-store.ts"),
      import("../../../gate/store/open-states.ts"),
    ]);
    const to = given ?? stateOptions(rig);
    const { shown, grants } = await initStateStore({ rig, folders, holder, to });
    print(`ready    ${to.store}: ${shown} can be read and written\n`);
    if (grants === undefined) return;
    print(`grant    for each ROLE that only uses the store:\n${grants}`);
  },
});
