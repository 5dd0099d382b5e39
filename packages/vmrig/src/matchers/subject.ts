import { VmrigError } from "../errors/vmrig-error.ts";
import { abridged } from "../machine/command/outcome/in-words.ts";
import type { CommandResult } from "../machine/command/outcome/command-result.ts";
import type { MachineFile } from "../machine/files/file.ts";
import type { UserAccount } from "../machine/resources/account.ts";
import type { Group } from "../machine/resources/group.ts";
import type { Mount } from "../machine/resources/mount.ts";
import type { NetworkInterface } from "../machine/resources/network-interface.ts";
import type { Package } from "../machine/resources/package.ts";
import type { Processes } from "../machine/resources/process.ts";
import type { Service } from "../machine/resources/service.ts";
import type { Socket } from "../machine/resources/socket.ts";
import type { Shell } from "../machine/shell/shell.ts";
import type { Sysctl } from "../machine/resources/sysctl.ts";

/**
 * A command that can be run again: `` () => pc1.$`systemctl is-active nginx` ``. The signal aborts
 * when the result is no longer needed.
 */
export type RepeatableCommand = (context: {
  readonly signal: AbortSignal;
}) => PromiseLike<CommandResult>;

/** Subjects of matchers, by kind. */
export interface Subjects {
  readonly file: MachineFile;
  readonly service: Service;
  readonly package: Package;
  readonly process: Processes;
  readonly user: UserAccount;
  readonly group: Group;
  readonly socket: Socket;
  readonly mount: Mount;
  readonly interface: NetworkInterface;
  readonly sysctl: Sysctl;
  readonly shell: Shell;
  readonly command: RepeatableCommand;
  /** The result of a finished command, which no longer changes. */
  readonly result: CommandResult;
}

export type SubjectKind = keyof Subjects;

/** Example code of each kind, for the hints of errors. */
const EXAMPLES: Readonly<Record<SubjectKind, string>> = {
  file: 'pc1.file("/etc/hosts")',
  service: 'pc1.service("nginx")',
  package: 'pc1.package("nginx")',
  process: 'pc1.process("nginx")',
  user: 'pc1.account("www-data")',
  group: 'pc1.group("adm")',
  socket: "pc1.port(80)",
  mount: 'pc1.mount("/srv")',
  interface: 'pc1.interface("eth0")',
  sysctl: 'pc1.sysctl("net.ipv4.ip_forward")',
  shell: "shell",
  command: "() => pc1.$`…`",
  result: "await pc1.$({ reject: false })`…`",
};

/** A subject with its kind, as a discriminated union. */
export type Subject = {
  readonly [Kind in SubjectKind]: { readonly kind: Kind; readonly of: Subjects[Kind] };
}[SubjectKind];

/**
 * Recognises the subject.
 *
 * @throws VmrigError `MATCHER_MISUSED` if the matcher does not support it
 */
export function toSubject(matcher: string, kinds: readonly SubjectKind[], value: unknown): Subject {
  const subject = recognise(value);
  if (subject !== undefined && kinds.includes(subject.kind)) return subject;
  const example = EXAMPLES[kinds[0] ?? "file"];
  if (kinds.includes("command") && isThenable(value)) {
    // The assertion fails below; a failure of the running command must not be unhandled.
    value.then(undefined, () => {});
    throw new VmrigError("MATCHER_MISUSED", {
      message: `${matcher} received a command that is already running, and cannot run it again.`,
      hint: `pass a function that runs the command: await expect(${example}).${matcher}(…)`,
    });
  }
  throw new VmrigError("MATCHER_MISUSED", {
    message: `${matcher} takes ${listed(kinds.map(withArticle))}, but received ${subject === undefined ? inWords(value) : withArticle(subject.kind)}.`,
    hint: `write: await expect(${example}).${matcher}(…)`,
  });
}

const RESOURCE_KINDS: ReadonlySet<string> = new Set<SubjectKind>([
  "service",
  "package",
  "process",
  "user",
  "group",
  "socket",
  "mount",
  "interface",
  "sysctl",
  "shell",
]);

/** Checks properties, not classes: the subject may come from another copy of the package. */
function recognise(value: unknown): Subject | undefined {
  if (typeof value === "function") return { kind: "command", of: value as RepeatableCommand };
  if (typeof value !== "object" || value === null) return undefined;
  if (
    "machine" in value &&
    "path" in value &&
    "text" in value &&
    typeof value.text === "function"
  ) {
    return { kind: "file", of: value as MachineFile };
  }
  if (
    "kind" in value &&
    typeof value.kind === "string" &&
    RESOURCE_KINDS.has(value.kind) &&
    "title" in value &&
    "machine" in value
  ) {
    return { kind: value.kind, of: value } as Subject;
  }
  if ("stdout" in value && "exitCode" in value && "machine" in value)
    return { kind: "result", of: value as CommandResult };
  return undefined;
}

/** Returns the subject with its machine and user: `pc1:/etc/hosts as vmrig`. */
export function nameOf(subject: Subject): string {
  if (subject.kind === "command") return "the command";
  if (subject.kind === "result")
    return `\`${abridged(subject.of.command)}\` on ${subject.of.machine} as ${subject.of.user}`;
  if (subject.kind !== "file")
    return `${subject.of.title} on ${subject.of.machine} as ${subject.of.user}`;
  return `${subject.of.machine}:${subject.of.path} as ${subject.of.user}`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

function inWords(value: unknown): string {
  if (isThenable(value)) return "a promise: await it first";
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === "object" && value !== null && "$" in value) return "a machine";
  return value === undefined || value === null
    ? String(value)
    : typeof value === "object"
      ? "an object"
      : `a ${typeof value}`;
}

function withArticle(kind: SubjectKind): string {
  if (kind === "result") return "a result of a command";
  return kind === "interface" ? "an interface" : `a ${kind}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
