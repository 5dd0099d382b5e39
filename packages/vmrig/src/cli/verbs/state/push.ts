import { defineVerb } from "../../verb.ts";
import { ONE_COPY, openCopy, requiredVersion } from "./open-copy.ts";

export const push = defineVerb({
  name: "state push",
  summary: "stores a state from a file, if it was made from the newest version",
  details: [
    "The file must have the lineage of the stored state, and a larger serial. For a file `errored.tfstate`, VERSION is the newest version from before the apply that left it.",
  ],
  operands: [{ name: "FILE", required: true }],
  options: {
    copy: ONE_COPY,
    base: {
      type: "string",
      value: "VERSION",
      help: "the version that the file was made from, as `vmrig state pull` printed it; 0 if there was no state",
    },
  },
  async run(context, { operands: [file = ""], options: { copy: name, base: given } }) {
    const base = requiredVersion("base", given, 0);
    const { cwd, holder, say, signal, print } = context;
    const opened = await openCopy(context, name);
    const [{ pushState }, { readStateFile }] = await Promise.all([
      import("../../../operations/state/push-state.ts"),
      import("./read-state-file.ts"),
    ]);
    const text = await readStateFile(cwd, file);
    const pushed = { text, shown: file };
    const version = await pushState({ ...opened, holder, say, signal, base, file: pushed });
    print(`stored   ${opened.copy.copy}: version ${version}, from ${file}\n`);
  },
});
