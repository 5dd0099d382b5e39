import { fakeDriver } from "vmrig/driver-fake";

// Two mistakes, in a JavaScript file without type checks.
export default {
  name: "pcs",
  driver: fakeDriver(),
  machines: { pc1: { ram: "1GB" } },
  rollback: "sometimes",
};
