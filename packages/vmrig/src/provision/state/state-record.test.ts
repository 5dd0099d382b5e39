import { expect, test } from "vitest";
import { person } from "../../lease/fixtures/holders.ts";
import { decodeRecord } from "./state-record.ts";

test("a record from before the list of what an apply removes is read, with nothing in the list", () => {
  const by = person("alice");
  const facts = { version: 3, fence: 2, write: "w", by, at: 1, summary: "", applying: ["pc1"] };
  expect(decodeRecord(`${JSON.stringify(facts)}\nthe text`, "of pcs-1")).toEqual({
    ...facts,
    removing: [],
    text: "the text",
  });
});
