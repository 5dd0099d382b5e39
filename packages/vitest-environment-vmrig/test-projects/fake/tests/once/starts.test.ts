import { afterAll, describe, expect, setupOnce, test } from "vitest-environment-vmrig";

const done: string[] = [];

test("leaves a file", async ({ pc2 }) => {
  await pc2.file("before").write("");
});

describe("outer", () => {
  setupOnce(async ({ pc1, pc2, rig }) => {
    done.push("outer");
    expect(typeof rig.checkpoint).toBe("function");
    expect(await pc2.file("before").exists()).toBe(false);
    await Promise.all([pc1, pc2].map((machine) => machine.file("state").write("outer")));
  });

  test.for([1, 2, 3])("test %i starts from it, on all machines", async (_number, { pc1, pc2 }) => {
    for (const machine of [pc1, pc2]) {
      expect(await machine.file("state").text()).toBe("outer");
      expect(await machine.file("left").exists()).toBe(false);
      await machine.file("state").write("changed");
      await machine.file("left").write("");
    }
  });

  test("a repeated test starts from the setup each time", { repeats: 2 }, async ({ pc1 }) => {
    expect(await pc1.file("left").exists()).toBe(false);
    await pc1.file("left").write("");
  });

  test("a retried test starts from the setup each time", { retry: 2 }, async ({ pc1, task }) => {
    expect(await pc1.file("left").exists()).toBe(false);
    await pc1.file("left").write("");
    expect(task.result?.retryCount).toBe(2);
  });

  describe("inner", () => {
    setupOnce(async ({ pc1 }) => {
      done.push("inner");
      expect(await pc1.file("state").text()).toBe("outer");
      expect(await pc1.file("left").exists()).toBe(false);
      await pc1.file("state").write("inner");
    });

    test.for([1, 2])("test %i starts from both", async (_number, { pc1, pc2 }) => {
      expect([await pc1.file("state").text(), await pc2.file("state").text()]).toEqual([
        "inner",
        "outer",
      ]);
      await pc1.file("state").write("changed");
    });
  });

  test("a test after the inner group starts from the outer setup alone", async ({ pc1 }) => {
    expect(await pc1.file("state").text()).toBe("outer");
  });

  describe("a group without a setup", () => {
    test("starts from the setup of the enclosing group", async ({ pc1 }) => {
      expect(await pc1.file("state").text()).toBe("outer");
      await pc1.file("left").write("");
    });
  });
});

test("a test after the group starts from the baseline", async ({ pc1 }) => {
  expect(await pc1.file("state").exists()).toBe(false);
  await pc1.file("left").write("");
});

test("the next test sees what the previous one left", async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(true);
});

describe("only the inner setup has tests", () => {
  setupOnce(async ({ pc1 }) => {
    done.push("first");
    await pc1.file("state").write("first");
  });
  setupOnce(async ({ pc1 }) => {
    done.push("second");
    await pc1.file("state").append(" second");
  });

  test.for([1, 2])(
    "of two in one describe, the second builds on the first: %i",
    async (_number, { pc1 }) => {
      expect(await pc1.file("state").text()).toBe("first second");
      await pc1.file("state").write("changed");
    },
  );
});

describe.concurrent("concurrent tests", () => {
  setupOnce(async ({ pc1 }) => {
    done.push("concurrent");
    await pc1.$`echo set up > state`;
  });

  test.for([1, 2, 3])("test %i has the machines for itself", async (_number, { pc1, expect }) => {
    expect(await pc1.file("left").exists()).toBe(false);
    await pc1.file("left").write("");
    expect((await pc1.$`cat state; ls`).stdout).toBe("set up\nleft\nstate");
  });
});

describe("a setup without a running test", () => {
  setupOnce(() => {
    done.push("never");
  });

  test.skip("not this one", () => {});
});

afterAll(() => {
  expect(done).toEqual(["outer", "inner", "first", "second", "concurrent"]);
});
