import { defineRig } from "vmrig";
import rig from "./vmrig.config.ts";

export default defineRig({ ...rig, name: "others" });
