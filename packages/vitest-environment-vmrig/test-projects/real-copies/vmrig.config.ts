import { defineRig } from "vmrig";
import example from "../../../../examples/two-machines/vmrig.config.ts";

export default defineRig({
  name: "copied",
  driver: example.driver,
  machines: { pc1: {} },
  copies: 2,
  lease: { ttl: "5s", idle: "2s" },
});
