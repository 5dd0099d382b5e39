import { defineRig } from "vmrig";
import rig from "./vmrig.config.ts";

// A fake machine has no /etc: its folder `etc` stands for that.
export default defineRig({
  ...rig,
  name: "strict",
  strict: true,
  prepare: { run: ["mkdir etc", "echo 1 > etc/app.conf"] },
});
