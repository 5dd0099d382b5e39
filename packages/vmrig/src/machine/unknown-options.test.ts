import { describe, expect, expectTypeOf, test } from "vitest";
import { useMachine, type TestMachine } from "./fixtures.test.kit.ts";
import { createMachine } from "./create-machine.ts";
import type { Rig } from "./faults/checkpoint.ts";
import type { MachineFile } from "./files/file.ts";
import type { TemporaryFolder } from "./files/tmpdir.ts";
import type { Machine } from "./machine.ts";
import type { Forward } from "./network/forward.ts";
import type { Reverse, ReverseSocket } from "./network/reverse.ts";
import type { MachineResources } from "./resources/resources.ts";
import type { Shell } from "./shell/shell.ts";

type AnyFunction = (...args: never) => unknown;
type NoOptions = "no options";
/** Calls a function with these options, and with valid other arguments. */
type Call = (options: object) => unknown;

type LastObject<F extends AnyFunction> =
  Required<Parameters<F>> extends readonly [...unknown[], infer Last]
    ? Extract<Last, object>
    : never;

/** Whether the last argument may be an object of options: all of its properties are optional. */
type TakesOptions<F extends AnyFunction> = [LastObject<F>] extends [never]
  ? false
  : Partial<LastObject<F>> extends LastObject<F>
    ? true
    : false;

type MethodName<T> = {
  [Name in keyof T & string]: T[Name] extends AnyFunction ? Name : never;
}[keyof T & string];

/** One entry per method. The compiler demands a call for each method that takes options. */
type Table<T> = {
  readonly [Name in MethodName<T>]: T[Name] extends AnyFunction
    ? TakesOptions<T[Name]> extends true
      ? Call
      : Call | NoOptions
    : never;
};

/** Methods that take options, for objects that have none. */
type WithOptions<T> = {
  [Name in MethodName<T>]: T[Name] extends AnyFunction
    ? TakesOptions<T[Name]> extends true
      ? Name
      : never
    : never;
}[MethodName<T>];

let connections = 0;
const pc1 = createMachine({
  name: "pc1",
  address: "10.77.0.11",
  user: "vmrig",
  connect: () => {
    connections += 1;
    return Promise.reject(new Error("The machine was reached."));
  },
});

const MACHINE: Table<Machine> = {
  as: "no options",
  $: (options) => pc1.$(options)`true`,
  exec: (options) => pc1.exec("true", [], options),
  file: "no options",
  upload: (options) => pc1.upload("/nowhere/here", "there", options),
  download: (options) => pc1.download("there", "/nowhere/here", options),
  glob: "no options",
  tmpdir: "no options",
  shell: (options) => pc1.shell(options),
  service: "no options",
  package: "no options",
  process: (filter) => pc1.process(filter),
  group: "no options",
  account: "no options",
  port: (options) => pc1.port(80, options),
  socket: "no options",
  mount: "no options",
  interface: "no options",
  sysctl: "no options",
  facts: "no options",
  waitForUnit: (options) => pc1.waitForUnit("nginx", options),
  waitForPort: (options) => pc1.waitForPort(80, options),
  waitForUnixSocket: (options) => pc1.waitForUnixSocket("/run/app.sock", options),
  waitForFile: (options) => pc1.waitForFile("/etc/hosts", options),
  waitForHttp: (options) => pc1.waitForHttp(80, options),
  waitForLog: (options) => pc1.waitForLog("ready", options),
  waitUntilSucceeds: (options) => pc1.waitUntilSucceeds(options)`true`,
  waitUntilFails: (options) => pc1.waitUntilFails(options)`false`,
  reboot: "no options",
  crash: "no options",
  powerOff: "no options",
  powerOn: "no options",
  disconnect: "no options",
  connect: "no options",
  block: "no options",
  unblock: "no options",
  slow: (options) => pc1.slow(options),
  skewClock: "no options",
  fillDisk: (options) => pc1.fillDisk(options),
  checkpoint: "no options",
  restore: "no options",
  waitForConsole: (options) => pc1.waitForConsole("login:", options),
  forward: "no options",
  reverse: "no options",
  fetch: (init) => pc1.fetch("http://localhost/", init),
};

const file = pc1.file("/etc/motd");
const FILE: Table<MachineFile> = {
  text: "no options",
  json: "no options",
  bytes: "no options",
  write: (options) => file.write("x", options),
  append: "no options",
  exists: "no options",
  stat: (options) => file.stat(options),
  chmod: (options) => file.chmod(0o644, options),
  chown: (options) => file.chown("root", options),
  remove: (options) => file.remove(options),
  symlink: "no options",
  mkdir: (options) => file.mkdir(options),
  entries: "no options",
  watchUntil: (options) => file.watchUntil(() => true, options),
};

const WRONG: ReadonlyArray<[what: string, options: unknown, message: string]> = [
  ["an unknown option", { nonsense: true }, 'has no option "nonsense"'],
  ["null", null, "must be an object, not null"],
  ["a list", [], "must be an object, not a list"],
  ["a function", () => {}, "must be an object, not a function"],
  ["a signal", new AbortController().signal, "must be an object, not an instance of AbortSignal"],
];

/** `fetch` of a client library is called with null, and with options of the library. */
const WRONG_FETCH: typeof WRONG = [
  ["a misspelled option", { retry: 1, header: {} }, 'has no option "header"'],
  ...WRONG.slice(2),
];

/** Expects the call to fail, at once or as a promise, with an error that names the function. */
async function expectRefusal(of: string, call: Call, wrong = WRONG): Promise<void> {
  for (const [what, options, message] of wrong) {
    await expect(async () => call(options as object), what).rejects.toMatchObject({
      code: "COMMAND_INVALID",
      summary: expect.stringContaining(message),
      message: expect.stringContaining(of),
    });
  }
}

const callsOf = (table: Readonly<Record<string, Call | NoOptions>>): Array<[string, Call]> =>
  Object.entries(table).filter((entry): entry is [string, Call] => entry[1] !== "no options");

const methodsOf = (value: object): string[] =>
  Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, property]) => typeof property.value === "function")
    .map(([name]) => name)
    .toSorted();

describe("before anything happens, an unknown option is refused by", () => {
  test.each(callsOf(MACHINE))("%s() of a machine", async (name, call) => {
    await expectRefusal(`pc1.${name}()`, call, name === "fetch" ? WRONG_FETCH : WRONG);
    expect(connections).toBe(0);
  });

  test.each(callsOf(FILE))("%s() of a file", async (name, call) => {
    await expectRefusal(`pc1.file().${name}()`, call);
    expect(connections).toBe(0);
  });
});

test("the tables contain each method of a machine and of a file", () => {
  expect(methodsOf(pc1)).toEqual(Object.keys(MACHINE).toSorted());
  expect(methodsOf(file)).toEqual(Object.keys(FILE).toSorted());
});

test("other objects of a machine have no method with options", async () => {
  const resources = [
    pc1.service("nginx"),
    pc1.package("nginx"),
    pc1.process("nginx"),
    pc1.group("adm"),
    pc1.account("root"),
    pc1.port(80),
    pc1.mount("/"),
    pc1.interface("lo"),
    pc1.sysctl("kernel.ostype"),
  ];
  for (const resource of resources)
    for (const name of methodsOf(resource))
      expect(resource[name as never], `${resource.kind}.${name}`).toHaveLength(0);
  type Resource = ReturnType<MachineResources[Exclude<keyof MachineResources, "facts">]>;
  expectTypeOf<WithOptions<Resource>>().toBeNever();
  expectTypeOf<WithOptions<Forward | Reverse | ReverseSocket>>().toBeNever();
  expectTypeOf<WithOptions<Rig>>().toBeNever();
  expectTypeOf<WithOptions<TemporaryFolder>>().toBeNever();
  expectTypeOf<WithOptions<MachineFile>>().toEqualTypeOf<
    "write" | "stat" | "chmod" | "chown" | "remove" | "mkdir" | "watchUntil"
  >();
});

const misspelled: object = { cols: 80 };

test.each([
  ["pty", () => pc1.exec("true", [], { pty: misspelled }), "rows, columns, term"],
  [
    "tls",
    () => pc1.fetch("https://localhost/", { tls: { cert_: "" } as object }),
    "cert, ca, key, servername, rejectUnauthorized",
  ],
])("an unknown option in `%s` is refused", async (name, call, available) => {
  await expect(async () => call()).rejects.toMatchObject({
    summary: expect.stringContaining(`\`${name}\` of pc1.`),
    details: [`available: ${available}`],
  });
});

test("options in place of the arguments of a program are refused", async () => {
  await expect(pc1.exec("true", { cwd: "/" } as never)).rejects.toMatchObject({
    code: "COMMAND_INVALID",
    summary: "The arguments of pc1.exec() must be a list, not an object.",
  });
});

describe("on a running machine", () => {
  let machine: TestMachine;
  useMachine((made) => void (machine = made));

  test("a shell refuses unknown options, and types nothing", async () => {
    await using shell = await machine.pc1.shell({ command: ["cat"] });
    const table: Table<Shell> = {
      type: (options) => shell.type("x", options),
      press: "no options",
      paste: (options) => shell.paste("x", options),
      resize: "no options",
      screen: "no options",
      waitForScreen: (options) => shell.waitForScreen("x", options),
      waitForExit: (options) => shell.waitForExit(options),
      close: "no options",
    };
    expect(methodsOf(shell).filter((name) => !name.startsWith("["))).toEqual(
      Object.keys(table).toSorted(),
    );
    for (const [name, call] of callsOf(table)) await expectRefusal(`pc1.shell().${name}()`, call);
    await shell.type("after\n");
    expect((await shell.waitForScreen("after")).lines[0]).toBe("after");
  });

  test("pipe() refuses unknown options, and its commands still end", async () => {
    const [source, destination] = [machine.pc1.$`echo one`, machine.pc1.$`cat`];
    expect(() => source.pipe(destination, { form: "stderr" } as object)).toThrow(
      expect.objectContaining({
        summary: 'pipe() has no option "form".',
        hint: 'did you mean "from"?',
      }),
    );
    expect((await source).stdout).toBe("one");
    await destination.waitForExit();
  });

  test("known options without a value are as if they were missing", async () => {
    const { pc1: real, server } = machine;
    const path = `${server.folder}/empty`;
    expect((await real.exec("echo", ["one"], { cwd: undefined, pty: undefined })).stdout).toBe(
      "one",
    );
    await real.file(path).write("x", { mode: undefined, atomic: undefined });
    await real.waitForFile(path, { state: undefined, timeout: undefined });
    expect(await real.file(path).stat({ follow: undefined })).toMatchObject({ bytes: 1 });
  });
});
