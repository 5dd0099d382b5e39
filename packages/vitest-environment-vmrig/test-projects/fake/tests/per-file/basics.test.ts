import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  test,
} from "vitest-environment-vmrig";

test("runs a command on the machine that it names", async ({ pc1 }) => {
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});

test("gets several machines, of the rig of its project", async ({ pc1, pc2 }) => {
  expect(pc1.address).not.toBe(pc2.address);
  expect((await pc2.$`hostname`).stdout).toBe("pc2");
  expect((await pc2.$`echo $VMRIG_FAKE_DISK`).stdout).toContain("/pcs-1/");
});

describe("a group with hooks", () => {
  const seen: string[] = [];
  beforeAll(() => void seen.push("beforeAll"));
  beforeEach(() => void seen.push("beforeEach"));
  afterEach(() => void seen.push("afterEach"));
  afterAll(() => {
    expect(seen).toEqual(["beforeAll", "beforeEach", "afterEach"]);
  });

  it("works as in Vitest", async ({ pc1, task }) => {
    expect((await pc1.$`echo ${task.name}`).stdout).toBe("works as in Vitest");
  });
});

test.for([
  ["pc1", 1],
  ["pc2", 2],
] as const)("test.for gives %s beside the machines", async ([name, number], { pc1, pc2 }) => {
  const machine = { pc1, pc2 }[name];
  expect((await machine.$`echo $(hostname) ${number}`).stdout).toBe(`${name} ${number}`);
});

test.each(["a word", "another"])("test.each gives %s, without machines", (word) => {
  expect(word).toMatch(/a/);
});
