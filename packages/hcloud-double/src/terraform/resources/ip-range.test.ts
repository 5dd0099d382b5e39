import { expect, test } from "vitest";
import { normalRange } from "./ip-range.ts";

test.for([
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["192.0.2.1", "192.0.2.1/32"],
  ["2001:DB8:0:0::1", "2001:db8::1/128"],
  ["2001:0db8::/32", "2001:db8::/32"],
] as const)("%s is %s", ([range, normal]) => {
  expect(normalRange(range)).toBe(normal);
});
