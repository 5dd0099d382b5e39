import type { RetryOptions } from "./assert.ts";
import type { ExpectedText } from "./check.ts";
import type { SubjectKind, Subjects } from "./subject.ts";

/** Type that the compiler shows when a matcher is used on a wrong kind of subject. */
export interface WrongSubject<Kind extends SubjectKind> {
  readonly "this matcher is about a": Kind;
}

/**
 * A matcher if the subject has one of its kinds; otherwise a type that rejects every call. The
 * promise must be awaited.
 */
type About<T, Kind extends SubjectKind, Args extends readonly unknown[]> = [T] extends [
  Subjects[Kind],
]
  ? (...args: [...Args, options?: RetryOptions]) => Promise<void>
  : (wrong: WrongSubject<Kind>) => Promise<void>;

type Command = "command" | "result";

/** Matchers of a test runner's `expect(subject)`, by the type of the subject. */
export interface MachineMatchers<T> {
  /**
   * Passes if the file, folder or (dangling) link exists, or the user, group or interface.
   */
  toExist: About<T, "file" | "user" | "group" | "interface", []>;
  /** Compares the file's whole content, as UTF-8. */
  toHaveText: About<T, "file", [expected: ExpectedText]>;
  /** Searches the file's content. */
  toContainText: About<T, "file", [expected: string | RegExp]>;
  /** Compares the permission bits, such as `0o644`. Follows a symbolic link. */
  toHaveMode: About<T, "file", [mode: number]>;
  /** Compares the owner: `root`, `root:adm` or `:adm`. */
  toHaveOwner: About<T, "file", [owner: string]>;
  /** Passes if systemd reports the service as active, or at least one such process exists. */
  toBeRunning: About<T, "service" | "process", []>;
  /** Passes if the service starts on boot. */
  toBeEnabled: About<T, "service", []>;
  toBeInstalled: About<T, "package", []>;
  /** Compares the version as reported by the package manager. */
  toHaveVersion: About<T, "package", [expected: ExpectedText]>;
  toBeListening: About<T, "socket", []>;
  toBeMounted: About<T, "mount", []>;
  toBeUp: About<T, "interface", []>;
  /** Passes if the interface has the address, written with or without its prefix length. */
  toHaveAddress: About<T, "interface", [address: string]>;
  /** Compares the kernel's value as text. */
  toHaveValue: About<T, "sysctl", [expected: ExpectedText | number]>;
  /** Passes if the user is in the group; the primary group counts. */
  toBelongTo: About<T, "user", [group: string]>;
  /** Passes if the command exits with 0. Runs the command again until then. */
  toSucceed: About<T, Command, []>;
  toExitWith: About<T, Command, [code: number]>;
  /** Compares the whole stdout, without the final newline. */
  toPrint: About<T, Command, [expected: ExpectedText]>;
  /** Passes if the screen of a shell contains the text, or matches the pattern. */
  toShow: About<T, "shell", [expected: string | RegExp]>;
}
