import { defineRig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";
import rig from "./vmrig.config.ts";

const { captureTogether: _, ...driver } = fakeDriver();

export default defineRig({ ...rig, name: "alone", driver });
