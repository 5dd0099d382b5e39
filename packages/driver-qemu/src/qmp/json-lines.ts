import type { Socket } from "node:net";

/**
 * Reads lines of JSON. QMP and the guest agent both send one JSON value per line; the agent may put
 * a 0xFF byte before a line as a delimiter.
 *
 * @param onGarbage Receives errors of invalid JSON and of `onLine`. @defaultValue closes the
 *   connection with that error
 */
export function readLines(
  socket: Socket,
  onLine: (value: unknown) => void,
  onGarbage = (error: Error): unknown => socket.destroy(error),
): void {
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const text = Buffer.from(line.slice(line.lastIndexOf("\u00FF") + 1), "latin1")
        .toString("utf8")
        .trim();
      if (text === "" || socket.destroyed) continue;
      try {
        onLine(JSON.parse(text));
      } catch (error) {
        onGarbage(error instanceof Error ? error : new Error(String(error)));
      }
    }
  });
}
