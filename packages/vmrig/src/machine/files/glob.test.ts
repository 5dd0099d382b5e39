import { expect, test } from "vitest";
import { NASTY } from "../../ssh/fixtures/nasty-text.test.kit.ts";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import { toGlobPattern } from "./glob-pattern.ts";

let rig: TestMachine;
useMachine((made) => (rig = made));

const NAMES = NASTY.filter((name) => name !== "" && !name.includes("/"));

test("glob returns the matching paths sorted, and a relative pattern starts in the home folder", async () => {
  const { pc1, server } = rig;
  await pc1.$`mkdir -p ${server.folder}/etc/.git ${server.folder}/etc/app/conf.d && cd ${server.folder}/etc &&
    touch b.conf a.conf .hidden.conf c.txt .git/config app/x.conf app/conf.d/10-y.conf app/conf.d/.z.conf`;
  const found = async (pattern: string): Promise<string[]> =>
    (await pc1.glob(`${server.folder}/etc/${pattern}`)).map((path) =>
      path.slice(`${server.folder}/etc/`.length),
    );
  expect(await found("*.conf")).toEqual(["a.conf", "b.conf"]);
  expect(await found(".*")).toEqual([".git", ".hidden.conf"]);
  expect(await found("*")).toEqual(["a.conf", "app", "b.conf", "c.txt"]);
  expect(await found("*/*.conf")).toEqual(["app/x.conf"]);
  expect(await found("**/*.conf")).toEqual([
    "a.conf",
    "app/conf.d/10-y.conf",
    "app/x.conf",
    "b.conf",
  ]);
  expect(await found("[!a].{conf,txt}")).toEqual(["b.conf", "c.txt"]);
  expect(await found("a.conf")).toEqual(["a.conf"]);
  expect(await found("no/such/*")).toEqual([]);
  const relative = server.fromHome("etc/?.txt");
  expect(await pc1.glob(relative)).toEqual([relative.replace("?", "c")]);
});

test("the shell interprets neither names nor patterns", async () => {
  const { pc1, server } = rig;
  const folder = pc1.file(`${server.folder}/nasty`);
  await folder.mkdir();
  for (const name of NAMES) await pc1.file(`${folder.path}/${name}`).write("");
  const sorted = NAMES.toSorted();
  expect((await folder.entries()).map(({ name }) => name)).toEqual(sorted);
  expect(await pc1.glob(`${folder.path}/*`)).toEqual(
    sorted.map((name) => `${folder.path}/${name}`),
  );
  expect(await pc1.glob(`${folder.path}/$(touch pwned)`)).toEqual([
    `${folder.path}/$(touch pwned)`,
  ]);
  expect(await pc1.glob(`${folder.path}/\\*`)).toEqual([`${folder.path}/*`]);
  expect(await pc1.glob("/etc/pass*d")).toEqual(["/etc/passwd"]);
});

test.each([
  ["/*/b", "", 2, ["a/b"], ["a/c", "a/.b/b", ".a/b"]],
  ["a/**", "a", undefined, ["b", "b/c"], [".b", "b/.c"]],
  ["x[]a]?", "", 1, ["x]1", "xa."], ["xb1", "xa/"]],
  ["{a,b*}.c", "", undefined, ["a.c", "bb.c"], ["c.c", ".c"]],
  ["{*,b}.c", "", undefined, ["a.c", "b.c"], [".a.c", ".c"]],
  ["{a,b/c}?", "", undefined, ["a1", "b/c1"], ["b1", "b/c"]],
  ["a+(b).c", "", 1, ["a+(b).c"], ["aab.c", "a+(b)xc"]],
  ["!(a)|#@*", "", 1, ["!(a)|#@", "!(a)|#@b"], ["a", "b"]],
  ["[&~|][!\\]]", "", 1, ["&a", "~&"], ["a&", "&]"]],
  ["\\d\\[*", "", 1, ["d[", "d[b]"], ["1[", "d"]],
  ["a/*/../b*", "a", 3, ["c/../b"], ["b"]],
  ["??*", "", 1, ["👩é", "\uFFFD\n", "a\n\n"], ["👩", "\n", ".\n"]],
])("%s", async (pattern, base, depth, yes, no) => {
  const glob = await toGlobPattern(pattern);
  expect([glob.base, glob.depth]).toEqual([
    base === "" && pattern.startsWith("/") ? "/" : base,
    depth,
  ]);
  expect(yes.filter((path) => !glob.matches(path))).toEqual([]);
  expect(no.filter((path) => glob.matches(path))).toEqual([]);
});

test("an unclosed bracket or brace is rejected", async () => {
  await expect(toGlobPattern("a[b")).rejects.toThrow('The pattern "a[b" has an unclosed "[".');
  await expect(toGlobPattern("a{b")).rejects.toThrow('has an unclosed "{".');
  await expect(toGlobPattern("{a,[}]")).rejects.toThrow('has an unclosed "{".');
  await expect(toGlobPattern("[a/b]")).rejects.toThrow('has an unclosed "[".');
  expect((await toGlobPattern("\\[\\{[{]")).matches("[{{")).toBe(true);
});

test("many wildcards take no more time than few", async () => {
  const name = "a".repeat(255);
  expect((await toGlobPattern(`${"*a".repeat(40)}*b`)).matches(name)).toBe(false);
  const deep = `${"a/".repeat(500)}a`;
  expect((await toGlobPattern(`${"**/a/".repeat(40)}b`)).matches(deep)).toBe(false);
});
