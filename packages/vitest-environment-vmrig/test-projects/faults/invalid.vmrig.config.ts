import { fakeDriver } from "vmrig/driver-fake";

// Two mistakes, in a file of JavaScript that nothing has type-checked.
export default {
  name: "pcs",
  driver: fakeDriver(),
  machines: { pc1: { ram: "1GB" } },
  rollback: "sometimes",
};
