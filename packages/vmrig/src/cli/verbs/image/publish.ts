import { VmrigError } from "../../../errors/vmrig-error.ts";
import { openRig } from "../../open-rig.ts";
import { defineVerb } from "../../verb.ts";

export const publish = defineVerb({
  name: "image publish",
  summary: "uploads the image of the machines to the cloud",
  details: [
    "The image was built on this computer. A temporary server writes it to its disk, which becomes a snapshot of your project, from which machines start. Uploads nothing when the image is there already.",
    "Also removes what an interrupted upload left.",
  ],
  operands: [],
  options: {},
  async run(context) {
    const { say, signal, print } = context;
    const { rig, folders } = await openRig(context);
    const { publishImage, name } = rig.driver;
    if (publishImage === undefined)
      throw new VmrigError("CAPABILITY_MISSING", {
        message: `The driver "${name}" publishes no images: its machines start from files of this computer.`,
      });
    const published = await publishImage({ cacheFolder: folders.cache, say, signal });
    print(`${published}\n`);
  },
});
