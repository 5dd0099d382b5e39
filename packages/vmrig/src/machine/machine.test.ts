import { describe, expect, test } from "vitest";
import { NASTY, randomText } from "../ssh/fixtures/nasty-text.test.kit.ts";
import { OTHER_USER } from "../ssh/fixtures/sshd.test.kit.ts";
import { CommandError } from "./command/outcome/error.ts";
import { startMachine, type TestMachine, useMachine } from "./fixtures.test.kit.ts";
import type { Machine } from "./machine.ts";

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

const failure = async (command: Promise<unknown>): Promise<CommandError> => {
  const error: unknown = await command.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error(`expected a CommandError, got ${String(error)}`);
};

const gone = (pid: string): Promise<unknown> => rig.gone(pid);
const written = (file: string): Promise<string> => rig.written(file);

test("a result has the fields of execa's result", async () => {
  const result = await pc1.$`echo ${"hello world"}; echo warn >&2`;
  expect(result).toEqual({
    machine: "pc1",
    user: rig.server.target.user,
    command: "echo 'hello world'; echo warn >&2",
    stdout: "hello world",
    stderr: "warn",
    exitCode: 0,
    signal: undefined,
    durationMs: expect.any(Number),
    failed: false,
    timedOut: false,
    isCanceled: false,
    isTerminated: false,
    isMaxBuffer: false,
    pipedFrom: [],
  });
  expect((await pc1.$`echo ${result}`).stdout).toBe("hello world");
  expect((await pc1.$({ stripFinalNewline: false })`echo a; echo`).stdout).toBe("a\n\n");
});

test("any text arrives unchanged through the template and through exec", async () => {
  const values = [...NASTY, ...randomText(300)];
  const expected = values.map((value) => `${value}\0`).join("");
  expect((await pc1.$`printf '%s\\0' ${values}`).stdout).toBe(expected);
  expect((await pc1.exec("printf", ["%s\\0", ...values])).stdout).toBe(expected);
  expect((await pc1.root.$`printf '%s\\0' ${values}`).stdout).toBe(expected);
  expect((await pc1.root.exec("printf", ["%s\\0", ...values])).stdout).toBe(expected);
});

test("exec runs the program, not the shell builtin of that name", async () => {
  expect(await pc1.exec("cat", [], { input: "x" })).toMatchObject({ stdout: "x", command: "cat" });
  expect((await pc1.exec("if", [], { reject: false })).exitCode).toBe(127);
  await expect(pc1.exec("echo", ["a\0"])).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test("a failure throws an error with the fields of the result and the end of its output", async () => {
  const error = await failure(pc1.$`echo out; seq 1 12 >&2; exit 2`);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    fault: "test",
    machine: "pc1",
    exitCode: 2,
    stdout: "out",
    failed: true,
    timedOut: false,
  });
  expect(error.summary).toMatch(
    /^`echo out; seq 1 12 >&2; exit 2` on pc1 exited with 2 after \d+\.\d s\.$/,
  );
  expect(error.details).toEqual([
    "stderr, last 10 of 12 lines:",
    ...Array.from({ length: 10 }, (_, index) => `  ${index + 3}`),
    "stdout:",
    "  out",
  ]);
});

test("`reject: false` returns the same fields, and options bind one after the other", async () => {
  const quiet = pc1.$({ reject: false, env: { A: "1", B: "1" } });
  expect(await quiet({ env: { B: "2" } })`echo $A$B; kill -TERM $$`).toMatchObject({
    stdout: "12",
    exitCode: undefined,
    signal: "SIGTERM",
    failed: true,
  });
  await expect(quiet({ reject: true })`false`).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    exitCode: 1,
  });
});

test("env and cwd reach the command exactly, without AcceptEnv", async () => {
  const value = NASTY.join("");
  const { stdout } = await pc1.$({
    env: { VALUE: value, HOME: undefined },
    cwd: rig.server.folder,
  })`printf '%s\\0' "$VALUE" "\${HOME-unset}" "$PWD"`;
  expect(stdout.split("\0")).toEqual([value, "unset", rig.server.folder, ""]);
  await pc1.$`mkdir -p ${rig.server.folder}/-`;
  expect((await pc1.$({ cwd: rig.server.fromHome("-") })`pwd`).stdout).toBe(
    `${rig.server.folder}/-`,
  );
  expect(await pc1.$({ cwd: "/nowhere", reject: false })`echo ran`).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("/nowhere"),
  });
  await expect(pc1.$({ env: { "A=B;": "x" } })`true`).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
});

test("an argument too long for Linux is rejected with a hint, and one just below the limit runs", async () => {
  const hint = "\nhint: pass large data through the `input` option or `file().write()`";
  await expect(pc1.$`: ${"x".repeat(131_072)}`).rejects.toThrow(
    `Value 1 of the command has 131072 bytes; Linux takes at most 131071 in one argument.${hint}`,
  );
  await expect(pc1.exec("wc", ["-c", "☕".repeat(350_000)])).rejects.toThrow(
    "Argument 2 has 1050000 bytes;",
  );
  await expect(pc1.$({ env: { BIG: "x".repeat(2 ** 20) } })`true`).rejects.toThrow(
    "The variable BIG has 1048576 bytes;",
  );
  expect((await pc1.$`: ${"x".repeat(131_067)}`).exitCode).toBe(0);
});

test("a command line may be far longer than one argument", async () => {
  const files = Array.from({ length: 12 }, (_, index) => `${index} it's "${"x".repeat(100_000)}"`);
  const expected = { stdout: files.join("\n") };
  expect(await pc1.$`printf '%s\n' ${files}`).toMatchObject(expected);
  expect(await pc1.exec("printf", ["%s\n", ...files], { cwd: "/", env: { A: "1" } })).toMatchObject(
    expected,
  );
  expect(await pc1.root.exec("printf", ["%s\n", ...files])).toMatchObject(expected);
  expect(await pc1.$({ shell: "bash", input: "and stdin\n" })`cat; printf '%s\n' ${files}`).toEqual(
    expect.objectContaining({ stdout: `and stdin\n${expected.stdout}` }),
  );
  expect(
    await pc1.$({ reject: false })`cat ${Array.from({ length: 30 }, () => "x".repeat(100_000))}`,
  ).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining("Argument list too long"),
  });
});

test("the option `shell` selects another shell than the login shell", async () => {
  expect(
    (await pc1.$({ shell: "bash" })`a=(it "works's"); echo \${#a[@]} ${"it's"} $0`).stdout,
  ).toBe("2 it's bash");
  expect(
    (await pc1.root.$({ shell: "/bin/bash", env: { A: "1" }, cwd: "/tmp" })`[[ $A == 1 ]] && pwd`)
      .stdout,
  ).toBe("/tmp");
});

test("a mistake in the template rejects", async () => {
  await expect(pc1.$`echo ${undefined as unknown as string}`).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
});

test("a timeout throws COMMAND_TIMEOUT with the output so far", async () => {
  const error = await failure(pc1.$({ timeout: "3s" })`echo begun; sleep 600`);
  expect(error).toMatchObject({
    code: "COMMAND_TIMEOUT",
    timedOut: true,
    signal: "SIGKILL",
    stdout: "begun",
  });
  expect(error.summary).toMatch(/^`echo begun; sleep 600` on pc1 timed out after \d+\.\d s\.$/);
});

describe("another user", () => {
  test("is a view of the same machine and connection", async () => {
    const before = rig.dials();
    expect((await pc1.root.$`id -un`).stdout).toBe(rig.server.becomes("root"));
    expect((await pc1.root.as(OTHER_USER).$`id -un`).stdout).toBe(rig.server.becomes(OTHER_USER));
    expect((await pc1.root.as(pc1.user).$`id -un`).stdout).toBe(pc1.user);
    expect([pc1.root.name, pc1.root.user, pc1.root.address]).toEqual(["pc1", "root", "10.77.0.11"]);
    expect(rig.dials()).toBe(before);
  });

  test("has input, env, cwd, exit code and stderr as the login user does", async () => {
    const options = {
      input: "in",
      env: { A: "it's" },
      cwd: rig.server.folder,
      reject: false,
    } as const;
    const result = await pc1.root.$(options)`cat; echo "-$A-$PWD"; echo err >&2; exit 7`;
    expect(result).toMatchObject({
      user: "root",
      stdout: `in-it's-${rig.server.folder}`,
      stderr: "err",
      exitCode: 7,
      signal: undefined,
    });
  });

  test("starts in its own home", async () => {
    expect((await pc1.root.$`[ "$PWD" = "$HOME" ] && echo home`).stdout).toBe("home");
  });

  test("loses all its processes when a command is aborted or times out", async () => {
    const abort = new AbortController();
    const file = `${rig.server.folder}/root-sleeper`;
    const running = failure(
      pc1.root.$({ signal: abort.signal })`sleep 600 & echo $! >${file}; sleep 600`,
    );
    const sleeper = await written("root-sleeper");
    abort.abort(new Error("enough"));
    expect(await running).toMatchObject({ code: "CANCELLED", isCanceled: true });
    await gone(sleeper);

    const timed = await failure(pc1.root.$({ timeout: "3s" })`echo $$; sleep 600`);
    expect(timed).toMatchObject({
      code: "COMMAND_TIMEOUT",
      stdout: expect.stringMatching(/^\d+$/),
    });
    await gone(timed.stdout);
  });
});

describe("an aborted signal", () => {
  test("ends the process group and is the cause of the error", async () => {
    const abort = new AbortController();
    const reason = new Error("the test is over");
    const running = failure(
      pc1.$({ signal: abort.signal })`sleep 600 & echo $! >${rig.server.folder}/sleeper; wait`,
    );
    const sleeper = await written("sleeper");
    abort.abort(reason);
    const error = await running;
    expect(error).toMatchObject({ code: "CANCELLED", isCanceled: true, cause: reason });
    expect(error.summary).toMatch(/ on pc1 was cancelled after /);
    await gone(sleeper);
  });

  test("prevents a command from starting", async () => {
    const error = await failure(
      pc1.$({ signal: AbortSignal.abort(new Error("no")) })`touch ${rig.server.folder}/never`,
    );
    expect(error.details).toEqual(["it was not started", "it printed nothing"]);
    expect(await pc1.file(`${rig.server.folder}/never`).exists()).toBe(false);
  });

  test("of the whole machine throws even with `reject: false`", async () => {
    const taken = new AbortController();
    await using other = await startMachine({ signal: taken.signal });
    const reason = new Error("lease lost");
    const running = failure(other.pc1.$({ reject: false })`sleep 600`);
    await other.pc1.$`true`;
    taken.abort(reason);
    expect(await running).toMatchObject({ code: "CANCELLED", cause: reason });
    expect(await failure(other.pc1.$({ reject: false })`true`)).toMatchObject({
      code: "CANCELLED",
      cause: reason,
    });
  });
});
