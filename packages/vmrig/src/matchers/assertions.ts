import type { RetryOptions } from "./assert.ts";
import type { ExpectedText } from "./check.ts";
import type { SubjectKind, Subjects } from "./subject.ts";

/** Shown by the compiler where a matcher is used on what it is not about. */
export interface WrongSubject<Kind extends SubjectKind> {
  readonly "this matcher is about a": Kind;
}

/**
 * A matcher where the subject is one of its kinds; elsewhere something that cannot be called. It
 * must be awaited.
 */
type About<T, Kind extends SubjectKind, Args extends readonly unknown[]> = [T] extends [
  Subjects[Kind],
]
  ? (...args: [...Args, options?: RetryOptions]) => Promise<void>
  : (wrong: WrongSubject<Kind>) => Promise<void>;

type Command = "command" | "result";

/** What a test runner's `expect(subject)` gets, by the type of the subject. */
export interface MachineMatchers<T> {
  /**
   * There is a file, folder or dangling link of that name; there is that user, group or interface.
   */
  toExist: About<T, "file" | "user" | "group" | "interface", []>;
  /** The file's whole content, as UTF-8. */
  toHaveText: About<T, "file", [expected: ExpectedText]>;
  /** A part of the file's content. */
  toContainText: About<T, "file", [expected: string | RegExp]>;
  /** Permission bits, such as `0o644`. A symbolic link is followed. */
  toHaveMode: About<T, "file", [mode: number]>;
  /** `root`, `root:adm` or `:adm`. */
  toHaveOwner: About<T, "file", [owner: string]>;
  /** systemd counts the service as active; there is at least one such process. */
  toBeRunning: About<T, "service" | "process", []>;
  /** The service starts by itself. */
  toBeEnabled: About<T, "service", []>;
  toBeInstalled: About<T, "package", []>;
  /** The version as the package manager writes it. */
  toHaveVersion: About<T, "package", [expected: ExpectedText]>;
  toBeListening: About<T, "socket", []>;
  toBeMounted: About<T, "mount", []>;
  toBeUp: About<T, "interface", []>;
  /** With its prefix or without. */
  toHaveAddress: About<T, "interface", [address: string]>;
  /** What the kernel says, as text. */
  toHaveValue: About<T, "sysctl", [expected: ExpectedText | number]>;
  /** The user is in the group, which may be the primary one. */
  toBelongTo: About<T, "user", [group: string]>;
  /** The command exits with 0. It is run again until it does. */
  toSucceed: About<T, Command, []>;
  toExitWith: About<T, Command, [code: number]>;
  /** Its whole stdout, without the newline at the end. */
  toPrint: About<T, Command, [expected: ExpectedText]>;
  /** The screen of a shell has these words, or its text matches. */
  toShow: About<T, "shell", [expected: string | RegExp]>;
}
