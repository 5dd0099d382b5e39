import { describe, expect, test } from "vitest-environment-vmrig";

const log: string[] = [];
const NUMBERS = [1, 2, 3];

describe.concurrent("concurrent tests", () => {
  test.for(NUMBERS)("test %i has the machines for itself", async (number, { pc1, expect }) => {
    log.push(`begin ${number}`);
    await pc1.$`mkdir in-use`;
    expect((await pc1.$`ls -d in-use`).stdout).toBe("in-use");
    await pc1.$`rmdir in-use`;
    log.push(`end ${number}`);
  });
});

test("concurrent tests ran one after another", () => {
  expect(log).toEqual(NUMBERS.flatMap((number) => [`begin ${number}`, `end ${number}`]));
});

const clean: boolean[] = [];

describe.concurrent("concurrent tests with meta", { meta: { vmrig: { rollback: "test" } } }, () => {
  test.for(NUMBERS)("test %i starts clean", async (_number, { pc1 }) => {
    clean.push(!(await pc1.file("left").exists()));
    await pc1.file("left").write("");
    clean.push(await pc1.file("left").exists());
  });
});

test("no test ran during the rollback of another one", () => {
  expect(clean).toEqual(Array.from({ length: 6 }, () => true));
});
