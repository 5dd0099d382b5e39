/**
 * The part of Protocol Buffers that Terraform's plugin protocol needs. The usual libraries take
 * 60 ms to load, in each of the several starts of a provider per Terraform command.
 */

type Scalar = "string" | "bytes" | "bool" | "int32";

interface Field {
  readonly id: number;
  readonly type: Scalar | MessageType;
  /** A map has keys that are strings, and messages. */
  readonly many?: "list" | "map";
}

export type MessageType = Readonly<Record<string, Field>>;

type Values = Readonly<Record<string, unknown>>;

const [VARINT, LENGTH] = [0, 2] as const;
/** Lengths of what is skipped, by wire type. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Returns the bytes of a message. Empty scalars are left out, and so is what has no field. */
export function encodeMessage(type: MessageType, values: Values): Buffer {
  const parts: Buffer[] = [];
  for (const [name, field] of Object.entries(type))
    for (const value of valuesOf(field, values[name])) parts.push(encodeField(field, value));
  return Buffer.concat(parts);
}

function valuesOf({ many }: Field, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (many === "list") return value as readonly unknown[];
  return many === "map" ? Object.entries(value as Values) : [value];
}

function encodeField({ id, type, many }: Field, value: unknown): Buffer {
  if (many === "map") {
    const [key, entry] = value as readonly [string, Values];
    const values = { key, value: entry };
    return withLength(id, encodeMessage(entryType(type as MessageType), values));
  }
  if (typeof type === "object") return withLength(id, encodeMessage(type, value as Values));
  if (type === "bool" || type === "int32")
    return Number(value) === 0
      ? Buffer.alloc(0)
      : Buffer.concat([varint(id * 8 + VARINT), varint(Number(value))]);
  return withLength(id, Buffer.from(value as string | Uint8Array));
}

function withLength(id: number, content: Buffer): Buffer {
  return Buffer.concat([varint(id * 8 + LENGTH), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

function entryType(value: MessageType): MessageType {
  return { key: { id: 1, type: "string" }, value: { id: 2, type: value } };
}

/** Returns the fields of a message; strings have a value, everything else only if it was sent. */
export function decodeMessage(type: MessageType, bytes: Uint8Array): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type)) if (field.type === "string") values[name] = "";
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const key = reader.varint();
    const [id, wire] = [Math.floor(key / 8), key % 8];
    const raw = reader.value(wire);
    const found = Object.entries(type).find(([, field]) => field.id === id);
    if (found !== undefined) values[found[0]] = decodeField(found[1], raw);
  }
  return values;
}

function decodeField({ type, many }: Field, raw: number | Uint8Array): unknown {
  if (many !== undefined) throw new Error("no request has lists or maps");
  if (typeof raw === "number") return type === "bool" ? raw !== 0 : raw;
  if (typeof type === "object") return decodeMessage(type, raw);
  return type === "string" ? Buffer.from(raw).toString() : raw;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#take(1)[0] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  value(wire: number): number | Uint8Array {
    if (wire === VARINT) return this.varint();
    const length = wire === LENGTH ? this.varint() : FIXED[wire];
    if (length === undefined) throw new Error(`wire type ${wire} is unknown`);
    return this.#take(length);
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new Error("the message is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
