import { expect, test } from "vitest";
import { fakeDriver } from "../../driver/fake/driver.ts";
import type { Driver } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { askAccount } from "./ask-account.ts";

const IN_ACCOUNT: Driver = {
  ...fakeDriver(),
  account: {
    name: "Cloud",
    costs: () => expect.unreachable(),
    list: () => expect.unreachable(),
    remove: () => expect.unreachable(),
  },
};
const refuse = () =>
  Promise.reject(new VmrigError("CLOUD_UNREACHABLE", { message: "Cloud is down." }));

test("a provider that refuses or is down is an answer", async () => {
  expect(await askAccount(IN_ACCOUNT, refuse)).toEqual({ unreachable: "Cloud is down." });
});

test("a provider that does not answer is given up", async () => {
  const hang = async ({ signal }: { readonly signal?: AbortSignal }): Promise<never> => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
    return await promise;
  };
  expect(await askAccount(IN_ACCOUNT, hang, { timeoutMs: 20 })).toEqual({
    unreachable: "Cloud did not answer within 0.02 s.",
  });
});

test("other errors, and those of machines on this computer, are thrown", async () => {
  await expect(askAccount(fakeDriver(), refuse)).rejects.toMatchObject({
    code: "CLOUD_UNREACHABLE",
  });
  const fail = () => Promise.reject(new TypeError("bug"));
  await expect(askAccount(IN_ACCOUNT, fail)).rejects.toThrow("bug");
});
