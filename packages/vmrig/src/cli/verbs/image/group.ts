import type { VerbGroup } from "../../verb.ts";
import { publish } from "./publish.ts";

export const image: VerbGroup = {
  name: "image",
  summary: "uploads the image of the machines",
  details: ["For a driver whose machines are in a cloud."],
  verbs: [publish],
};
