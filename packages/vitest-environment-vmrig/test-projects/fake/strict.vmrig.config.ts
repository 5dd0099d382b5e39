import { defineRig } from "vmrig";
import rig from "./vmrig.config.ts";

// A fake machine has no /etc. Its folder `etc` stands in for /etc.
export default defineRig({
  ...rig,
  name: "strict",
  strict: true,
  prepare: { run: ["mkdir etc", "echo 1 > etc/app.conf"] },
});
