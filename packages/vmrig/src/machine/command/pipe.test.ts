import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../seeded-random.test.kit.ts";
import { startMachine, type TestMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

let rigs: TestMachine[] = [];
let pc1: Machine;
let pc2: Machine;
beforeAll(async () => {
  rigs = await Promise.all([startMachine(), startMachine({ name: "pc2" })]);
  [pc1, pc2] = rigs.map((rig) => rig.pc1) as [Machine, Machine];
});
afterAll(() => Promise.all(rigs.map((rig) => rig[Symbol.asyncDispose]())));

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("a folder passes from one machine to another with any bytes", async () => {
  await pc1.$({
    input: seededRandom().bytes(3_000_000),
  })`mkdir -p src/deep && cat > "src/deep/it's"; echo hello > src/a`;
  const { pipedFrom, stdout } = await pc1.$`tar c src`.pipe(
    pc2.$`mkdir -p in && cd in && tar x && cat src/a`,
  );
  expect(stdout).toBe("hello");
  expect(pipedFrom).toEqual([
    expect.objectContaining({
      machine: "pc1",
      command: "tar c src",
      exitCode: 0,
      stdout: undefined,
    }),
  ]);
  const sum = `src/deep/it's`;
  expect((await pc2.$`cd in && sha256sum ${sum}`).stdout).toBe(
    (await pc1.$`sha256sum ${sum}`).stdout,
  );
});

test("pipes can be chained from any output, and a requested output is retained", async () => {
  const end = await pc1.$({ buffer: true })`echo b >&2; echo a`
    .pipe(pc2.$`sed s/^/2/`, { from: "all" })
    .pipe(pc1.$`sort`);
  expect(end.stdout).toBe("2a\n2b");
  expect(end.pipedFrom[0]).toMatchObject({
    machine: "pc2",
    pipedFrom: [{ machine: "pc1", stdout: "a", stderr: "b" }],
  });
});

test("two commands can be piped into one, and its input ends with the last of them", async () => {
  const both = pc2.$`sort`;
  const first = pc1.$`echo b; sleep 0.2; echo d`.pipe(both);
  const second = pc1.$`echo a; echo c`.pipe(both);
  expect((await Promise.all([first, second])).map(({ stdout }) => stdout)).toEqual([
    "a\nb\nc\nd",
    "a\nb\nc\nd",
  ]);
});

test("a slow reader slows the writer down", async () => {
  const slow = pc2.$`until [ -e go ]; do sleep 0.02; done; sha256sum`;
  const writer = pc1.$`i=0; while [ $i -lt 40 ]; do head -c 1048576 /dev/zero; i=$((i+1)); echo $i >&2; done`;
  const piped = writer.pipe(slow);
  const progress: number[] = [];
  writer.stderr.on("data", (chunk: Buffer) =>
    progress.push(...String(chunk).trim().split("\n").map(Number)),
  );
  await pc1.$`sleep 1`;
  // All windows and buffers in between hold about 7 MiB.
  expect(progress.at(-1) ?? 0).toBeLessThan(20);
  await pc2.$`touch go`;
  expect((await piped).stdout).toContain(hash(Buffer.alloc(40 * 1_048_576)));
  expect(progress.at(-1)).toBe(40);
});

test("the error shows which side failed", async () => {
  await expect(pc1.$`echo data; exit 3`.pipe(pc2.$`cat`)).rejects.toMatchObject({
    machine: "pc1",
    exitCode: 3,
  });
  await expect(pc1.$`echo data`.pipe(pc2.$`cat >/dev/null; exit 4`)).rejects.toMatchObject({
    machine: "pc2",
    exitCode: 4,
    pipedFrom: [{ machine: "pc1", exitCode: 0 }],
  });
  await expect(pc1.$`exit 3`.pipe(pc2.$`cat; exit 4`)).rejects.toMatchObject({
    machine: "pc2",
    details: expect.arrayContaining([
      expect.stringMatching(/^its input came from `exit 3` on pc1, which exited with 3 after /),
    ]),
    pipedFrom: [{ machine: "pc1", exitCode: 3 }],
  });
  expect(await pc1.$({ reject: false })`exit 3`.pipe(pc2.$`cat`)).toMatchObject({
    exitCode: 0,
    pipedFrom: [{ exitCode: 3 }],
  });
});

test("a writer whose reader has ended is stopped, and this is not a failure", async () => {
  const { stdout, pipedFrom } = await pc1.$`sleep 600 & echo $!; yes`.pipe(pc2.$`head -n 1`);
  expect(pipedFrom).toMatchObject([{ failed: true, signal: "SIGKILL" }]);
  await pc1.waitUntilSucceeds({ timeout: "15s", interval: 50 })`! kill -0 ${stdout}`;
});

test("the pipe fails when the writer's machine is lost", async () => {
  await using doomed = await startMachine({ name: "pc3" });
  await expect(
    doomed.pc1.$`echo half; sleep 0.2; kill -KILL $PPID; sleep 600`.pipe(pc2.$`cat`),
  ).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    message: expect.stringContaining("The SSH connection to pc3 was lost"),
    details: expect.arrayContaining(["its stdout was not kept"]),
  });
});

test("a pipe into a stream of Node.js ends the stream, and fails with it", async () => {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => void setImmediate(() => (chunks.push(chunk), done())),
  });
  await pc1.$`head -c 5000000 /dev/zero`.pipe(sink);
  expect(Buffer.concat(chunks)).toHaveLength(5_000_000);
  const full = new Writable({ write: (_chunk, _, done) => done(new Error("disk full")) });
  await expect(pc1.$`yes`.pipe(full)).rejects.toThrow("disk full");
  await expect(
    pc1.$`echo a; exit 5`.pipe(new Writable({ write: (_chunk, _, done) => done() })),
  ).rejects.toMatchObject({ exitCode: 5 });
});

test("the input may be a stream or an iterable, and fails with it", async () => {
  const pieces = async function* (): AsyncGenerator<string | Uint8Array> {
    yield "one ";
    yield Buffer.from([0xff, 0x00]);
  };
  expect(await pc1.$({ input: pieces(), encoding: "buffer" })`cat`).toMatchObject({
    stdout: Buffer.from("one \u00ff\u0000", "latin1"),
  });
  expect((await pc1.$({ input: ["a", "b"] })`cat`).stdout).toBe("ab");
  expect((await pc2.$({ input: pc1.$`echo over`.stdout })`cat`).stdout).toBe("over");
  const sameMemory = async function* (): AsyncGenerator<Buffer> {
    const memory = Buffer.alloc(100_000);
    for (let value = 0; value < 50; value++) yield memory.fill(value);
  };
  const sent = Buffer.concat(
    Array.from({ length: 50 }, (_, value) => Buffer.alloc(100_000, value)),
  );
  expect(
    sent.equals((await pc1.$({ input: sameMemory(), encoding: "buffer" })`sleep 0.2; cat`).stdout),
  ).toBe(true);
  const broken = async function* (): AsyncGenerator<string> {
    yield "one";
    throw new Error("no more");
  };
  await expect(pc1.$({ input: broken() })`cat; sleep 600`).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    details: expect.arrayContaining(["its input could not be read to the end"]),
    cause: new Error("no more"),
  });
  expect(await text(pc1.$({ input: "x" })`cat`.stdout)).toBe("x");
});
