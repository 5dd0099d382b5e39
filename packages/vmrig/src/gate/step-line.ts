/**
 * Converts a line of another folder (`plan: no changes`) to the gate's columns
 * (`plan     no changes`).
 */
export function stepLine(line: string): string {
  return line.replace(/^(\w+): /, (_, word: string) => `${word.padEnd(8)} `);
}
