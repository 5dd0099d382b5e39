import { once } from "node:events";
import { execFileSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import type { Machine } from "../machine.ts";
import { litter, useTwoSides } from "./two-sides.test.kit.ts";

let pc1: Machine;
let here: string;
let there: string;
useTwoSides((sides) => ({ pc1, here, there } = sides));

const root = process.getuid?.() === 0;

/** Operations that replace an ordinary file. */
const WRITES: ReadonlyArray<[name: string, write: (path: string, data: string) => Promise<void>]> =
  [
    ["write", (path, data) => pc1.root.file(path).write(data)],
    [
      "write with `atomic: false`",
      (path, data) => pc1.root.file(path).write(data, { atomic: false }),
    ],
    ["append", (path, data) => pc1.root.file(path).append(data)],
    ["upload", (path, data) => uploaded(path, data)],
    ["upload with `atomic: false`", (path, data) => uploaded(path, data, false)],
  ];

async function uploaded(path: string, data: string, atomic?: boolean): Promise<void> {
  const local = join(here, crypto.randomUUID());
  await writeFile(local, data, { mode: 0o640 });
  await pc1.root.upload(local, path, { atomic });
}

const unique = (): string => `${there}/${crypto.randomUUID()}`;

describe.each(WRITES)("%s", (name, write) => {
  test.runIf(root)("keeps a device, with its mode", async () => {
    const path = unique();
    await pc1.root.$`mknod -m 666 ${path} c 1 3`;
    await write(path, "x");
    expect(await pc1.file(path).stat()).toMatchObject({ type: "device", mode: 0o666 });
    const link = unique();
    await pc1.file(link).symlink(path);
    await write(link, "x");
    expect(await pc1.file(path).stat()).toMatchObject({ type: "device", mode: 0o666 });
  });

  test.runIf(root)("reports the error of a device", async () => {
    const [full, absent] = [unique(), unique()];
    await pc1.root.$`mknod -m 666 ${full} c 1 7; mknod -m 666 ${absent} b 7 4095`;
    await expect(write(full, "x")).rejects.toThrow("No space left on device");
    await expect(write(absent, "x")).rejects.toMatchObject({ code: "FILE_FAILED" });
    expect(await pc1.file(full).stat()).toMatchObject({ type: "device" });
    expect(await pc1.file(absent).stat()).toMatchObject({ type: "device" });
  });

  test("passes the data through a FIFO", async () => {
    const path = unique();
    await pc1.$`mkfifo -m 666 ${path}`;
    const reader = pc1.$`cat ${path}`;
    await write(path, "through\nit");
    expect((await reader).stdout).toBe("through\nit");
    expect(await pc1.file(path).stat()).toMatchObject({ type: "fifo", mode: 0o666 });
  });

  test("writes a file of the kernel", async () => {
    const process = pc1.$`echo $$; exec sleep 600`;
    const [pid] = (await once(process.stdout, "data")) as [Buffer];
    const path = `/proc/${String(pid).trim()}/oom_score_adj`;
    await write(path, "500\n");
    expect(await pc1.file(path).text()).toBe("500\n");
    await expect(write(path, "nonsense\n")).rejects.toThrow("Invalid argument");
    process.kill("SIGKILL");
    await process.waitForExit();
  });

  test.each([
    ["a double slash", (path: string) => Promise.resolve(`/${path}`)],
    [
      "a link to its folder",
      async (path: string) => {
        const link = unique();
        await pc1.file(link).symlink(dirname(path));
        return `${link}/${basename(path)}`;
      },
    ],
    [
      "a link to it",
      async (path: string) => {
        const link = unique();
        await pc1.file(link).symlink(path);
        return link;
      },
    ],
    ["dots", (path: string) => Promise.resolve(`/usr/..${path}`)],
  ])("writes a file of the kernel through %s", async (_what, to) => {
    const process = pc1.$`echo $$; exec sleep 600`;
    const [pid] = (await once(process.stdout, "data")) as [Buffer];
    const path = `/proc/${String(pid).trim()}/oom_score_adj`;
    await write(await to(path), "500\n");
    expect(await pc1.file(path).text()).toBe("500\n");
    process.kill("SIGKILL");
    await process.waitForExit();
  });

  test("refuses a socket by name, and leaves it in place", async () => {
    const path = unique();
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    await expect(write(path, "x")).rejects.toThrow("Is a socket");
    expect(await pc1.file(path).stat()).toMatchObject({ type: "socket" });
  });

  test.runIf(root)("writes a file that is a mount point", async () => {
    const [source, path] = [unique(), unique()];
    await pc1.$`echo -n old > ${source}; touch ${path}`;
    await pc1.root.$`mount --bind ${source} ${path}`;
    await write(path, "new");
    expect(await pc1.file(source).text()).toBe(name === "append" ? "oldnew" : "new");
    await pc1.root.$`umount ${path}`;
  });
});

test("`atomic: false` keeps hard links, mode and owner, and a program that keeps the file open", async () => {
  const [path, link] = [unique(), unique()];
  await pc1.file(path).write("a longer text\n", { mode: 0o640 });
  await pc1.$`ln ${path} ${link}`;
  await pc1.root.file(path).write("new\n", { atomic: false });
  expect(await pc1.file(link).text()).toBe("new\n");
  expect(await pc1.file(path).stat()).toMatchObject({ mode: 0o640, user: pc1.user });
  await pc1.file(path).write("secret", { atomic: false, mode: 0o600 });
  expect(await pc1.file(link).stat()).toMatchObject({ mode: 0o600, bytes: 6 });
  await uploaded(path, "uploaded", false);
  expect(await pc1.file(link).text()).toBe("uploaded");
  const created = unique();
  await pc1.file(created).write("x", { atomic: false });
  expect(await pc1.file(created).text()).toBe("x");
  await expect(pc1.upload(here, unique(), { atomic: false })).rejects.toThrow(
    "`atomic: false` is for files",
  );
  expect(await litter(there)).toEqual([]);
});

test.runIf(root)(
  "a mode that a file of the kernel cannot have is refused before the write",
  async () => {
    const process = pc1.$`echo $$; exec sleep 600`;
    const [pid] = (await once(process.stdout, "data")) as [Buffer];
    const path = `/proc/${String(pid).trim()}/oom_score_adj`;
    const before = await pc1.file(path).text();
    for (const atomic of [true, false])
      await expect(
        pc1.root.file(path).write("500\n", { mode: 0o600, atomic }),
      ).rejects.toMatchObject({
        code: "FILE_FAILED",
        message: expect.stringContaining("Operation not permitted"),
      });
    expect(await pc1.file(path).text()).toBe(before);
    process.kill("SIGKILL");
    await process.waitForExit();
  },
);

test("reading and copying a socket fail by name", async () => {
  const path = unique();
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  await expect(pc1.file(path).text()).rejects.toThrow("Is a socket");
  await expect(pc1.download(path, join(here, "copy"))).rejects.toThrow(
    "neither a file nor a folder",
  );
});

test.runIf(root)(
  "a download keeps devices, FIFOs and mount points of this computer, and refuses sockets",
  async () => {
    const path = unique();
    await pc1.file(path).write("content");
    const local = await tempFolder();
    execFileSync("mknod", ["-m", "666", join(local, "null"), "c", "1", "3"]);
    await pc1.download(path, join(local, "null"));
    expect((await stat(join(local, "null"))).isCharacterDevice()).toBe(true);
    execFileSync("mkfifo", [join(local, "fifo")]);
    const [content] = await Promise.all([
      readFile(join(local, "fifo"), "utf8"),
      pc1.download(path, join(local, "fifo")),
    ]);
    expect(content).toBe("content");
    await writeFile(join(local, "source"), "old", { mode: 0o600 });
    await writeFile(join(local, "mounted"), "");
    execFileSync("mount", ["--bind", join(local, "source"), join(local, "mounted")]);
    onTestFinished(() => void execFileSync("umount", [join(local, "mounted")]));
    await pc1.file(path).chmod(0o644);
    await pc1.download(path, join(local, "mounted"));
    expect(await readFile(join(local, "source"), "utf8")).toBe("content");
    expect((await stat(join(local, "source"))).mode & 0o7777).toBe(0o644);
    const server = createServer().listen(join(local, "socket"));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    await expect(pc1.download(path, join(local, "socket"))).rejects.toThrow("it is a socket");
  },
);
