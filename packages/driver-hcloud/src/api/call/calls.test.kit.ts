import { expect } from "vitest";
import type { Body } from "./body.ts";
import type { Call } from "./call.ts";
import type { Answer } from "./cloud.test.kit.ts";

export const READ: Call = { method: "GET", path: "/servers/5", task: "show the server 5" };

export const FOUND: Answer = { body: { server: { id: 5 } } };

/** A call that creates. `lookUp` returns what it finds; without it, a look-up is an error. */
export const creating = (lookUp?: () => Body | undefined): Call => ({
  method: "POST",
  path: "/servers",
  body: { name: "pc1" },
  task: 'create the server "pc1"',
  lookUp: async () => (lookUp === undefined ? expect.unreachable("nothing to look up") : lookUp()),
});
