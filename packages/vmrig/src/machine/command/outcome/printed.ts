const TAIL_LINES = 10;
/** A single line may contain the whole output, so the tail is limited in bytes. */
const TAIL_BYTES = 4096;

/** Returns the end of a command's output, one fact per line. */
export function printed({
  stdout,
  stderr,
}: {
  readonly stdout: unknown;
  readonly stderr: unknown;
}): string[] {
  const parts = [tail("stderr", stderr), tail("stdout", stdout)].flat();
  return parts.length === 0 ? ["it printed nothing"] : parts;
}

function toText(output: unknown): string {
  if (output instanceof Uint8Array)
    return Buffer.from(output.subarray(-TAIL_BYTES)).toString("utf8");
  return Array.isArray(output) ? output.join("\n") : typeof output === "string" ? output : "";
}

function tail(title: string, output: unknown): string[] {
  if (output === undefined) return [`its ${title} was not kept`];
  const text = toText(output);
  if (text.trim() === "") return [];
  const lines = text.replace(/\n$/, "").split("\n");
  const left = lines.length - TAIL_LINES;
  return [
    `${title}${left > 0 ? `, last ${TAIL_LINES} of ${lines.length} lines` : ""}:`,
    ...lines
      .slice(-TAIL_LINES)
      .map((line) => `  ${line.length > TAIL_BYTES ? `… ${line.slice(-TAIL_BYTES)}` : line}`),
  ];
}
