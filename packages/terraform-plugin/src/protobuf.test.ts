import { expect, test } from "vitest";
import { decodeMessage, encodeMessage, type MessageType } from "./protobuf.ts";

const INNER: MessageType = { count: { id: 1, type: "int32" } };
const OUTER: MessageType = {
  text: { id: 2, type: "string" },
  inner: { id: 3, type: INNER },
  flag: { id: 4, type: "bool" },
  data: { id: 5, type: "bytes" },
};
const MANY: MessageType = {
  list: { id: 1, type: INNER, many: "list" },
  map: { id: 2, type: INNER, many: "map" },
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

// The bytes are the examples of the documentation of Protocol Buffers.
test("encodes and decodes numbers, strings and messages as the documentation says", () => {
  expect(hex(encodeMessage(INNER, { count: 150 }))).toBe("089601");
  expect(hex(encodeMessage(OUTER, { text: "testing", inner: { count: 150 } }))).toBe(
    "120774657374696e671a03089601",
  );
  expect(decodeMessage(OUTER, bytes("12 07 74657374696e67 1a 03 08 9601"))).toEqual({
    text: "testing",
    inner: { count: 150 },
  });
});

test("decodes what it encoded, also bytes longer than a kilobyte", () => {
  const values = { text: "é", inner: { count: 3 }, flag: true, data: Buffer.alloc(3000, 7) };
  expect(decodeMessage(OUTER, encodeMessage(OUTER, values))).toEqual(values);
});

test("leaves out empty numbers and switches, and unknown fields in both directions", () => {
  expect(hex(encodeMessage(OUTER, { flag: false, inner: { count: 0 }, other: "x" }))).toBe("1a00");
  const unknown = "08 01 31 0000000000000000 3d 00000000 42 01 61";
  expect(decodeMessage(OUTER, bytes(`${unknown} 20 01`))).toEqual({ text: "", flag: true });
});

test("encodes lists and maps element by element", () => {
  const list = [{ count: 1 }, { count: 2 }];
  expect(hex(encodeMessage(MANY, { list, map: { a: { count: 3 } } }))).toBe(
    "0a0208010a02080212070a016112020803",
  );
});

test.for(["0a", "0a 05 61", "08 ff", "0b"])("refuses the broken message %s", (message) => {
  expect(() => decodeMessage(OUTER, bytes(message))).toThrow(/cut off|unknown/);
});
