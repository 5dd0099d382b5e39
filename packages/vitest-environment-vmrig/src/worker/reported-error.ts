import type { RunnerTestCase, RunnerTestSuite } from "vitest";

/** An error in the shape that reporters show. */
export interface ReportedError {
  message: string;
  stack?: string | undefined;
}

/**
 * Returns the errors of a task after the first `known` ones, which belong to earlier attempts.
 * Returns none for a test that is expected to fail.
 */
export function errorsOf(
  task: RunnerTestCase | RunnerTestSuite,
  known = 0,
): readonly ReportedError[] {
  return task.type === "test" && task.fails === true
    ? []
    : (task.result?.errors?.slice(known) ?? []);
}

/**
 * Adds the task's location to the stack. The reporter of GitHub Actions leaves out an error whose
 * stack names no file of the project.
 */
export function addLocation(
  error: ReportedError,
  { file, location }: RunnerTestCase | RunnerTestSuite,
): void {
  if (location === undefined || error.stack === undefined || error.stack.includes(file.filepath))
    return;
  error.stack = `${error.stack}\n    at ${file.filepath}:${location.line}:${location.column}`;
}

/**
 * Adds text to the message and to the stack, because reporters show the message, the stack, or
 * both.
 */
export function append(error: ReportedError, text: string): void {
  const { message, stack } = error;
  error.message = `${message}\n\n${text}`;
  if (stack !== undefined && stack.includes(message))
    error.stack = stack.replace(message, () => error.message);
}
