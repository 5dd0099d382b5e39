import { StringDecoder } from "node:string_decoder";

/** Yields the lines of UTF-8 bytes as they arrive, without their `\n` or `\r\n`. */
export async function* linesOf(
  bytes: AsyncIterable<Buffer>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let begun = "";
  for await (const chunk of bytes) {
    const [first = "", ...more] = decoder.write(chunk).split("\n");
    begun += first;
    for (const next of more) {
      yield withoutReturn(begun);
      begun = next;
    }
  }
  begun += decoder.end();
  if (begun !== "") yield withoutReturn(begun);
}

/** Splits a text into lines, without their `\n` or `\r\n`. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map(withoutReturn);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
