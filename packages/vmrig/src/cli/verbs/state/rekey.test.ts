import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { openPlainStates } from "../../../gate/store/open-states.ts";
import { parseStateKeys } from "../../../provision/state/encryption/state-keys.ts";
import { encryptedStore } from "../../../provision/state/encryption/encrypted-store.ts";
import { secretOf } from "../../../provision/state/secrets.ts";
import { test } from "../../test-cli.test.kit.ts";
import { rigNamed, stateText } from "./state.test.kit.ts";

const [OLD, NEW] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
const idOf = (key: string): string => parseStateKeys(key)[0]?.id ?? "";
const keys = (...list: readonly string[]) => ({ VMRIG_STATE_KEY: list.join(",") });
const TEXT = stateText({ serial: 1, resources: { pc1: {} } });

test("rekey encrypts a state in clear, and says which versions stay in clear", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "clear");
  await store(stateText({ serial: 0 }), TEXT);
  // The key may be that of a shared rig: the state on this computer is readable.
  expect((await state(["pull"], { env: keys(NEW) })).stdout).toBe(TEXT);
  const { exitCode, stdout, stderr } = await state(["rekey"], { env: keys(NEW) });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe(
    `stored   clear-1: version 3, encrypted with key ${idOf(NEW)}; it was not encrypted\nhistory  clear-1: not encrypted: version 1-2\n`,
  );
  expect((await state(["pull"], { env: keys(NEW) })).stdout).toBe(TEXT);
  expect(await state(["pull"])).toMatchObject({ exitCode: 3, stdout: "" });
});

test("rekey replaces the old key by the new one, and says which versions need the old one", async ({
  cli,
}) => {
  const { state, store } = await rigNamed(cli, "rotated", { env: keys(OLD) });
  await store(stateText({ serial: 0 }), TEXT);
  const rotated = await state(["rekey"], { env: keys(NEW, OLD) });
  expect(rotated.stdout, rotated.stderr).toBe(
    `stored   rotated-1: version 3, encrypted with key ${idOf(NEW)}; it had key ${idOf(OLD)}\nhistory  rotated-1: needs key ${idOf(OLD)}: version 1-2\n`,
  );
  expect((await state(["pull"], { env: keys(NEW) })).stdout).toBe(TEXT);
  expect(await state(["pull", "--at", "1"], { env: keys(NEW) })).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining(`is encrypted with the key ${idOf(OLD)}`) as unknown,
  });
  const again = await state(["rekey"], { env: keys(NEW, OLD) });
  expect(again.stdout).toBe(
    `current  rotated-1: version 3 has key ${idOf(NEW)} already\nhistory  rotated-1: needs key ${idOf(OLD)}: version 1-2\n`,
  );
});

test("rekey does all copies, and needs the key of each state", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "both", { copies: 2, env: keys(OLD) });
  await store(TEXT);
  expect(await state(["rekey"], { env: keys(NEW) })).toMatchObject({ exitCode: 3, stdout: "" });
  expect((await state(["rekey"], { env: keys(NEW, OLD) })).stdout).toBe(
    `stored   both-1: version 2, encrypted with key ${idOf(NEW)}; it had key ${idOf(OLD)}\nhistory  both-1: needs key ${idOf(OLD)}: version 1\nnothing  both-2: no state\n`,
  );
});

test("rekey does the secrets beside the state, too", async ({ cli }) => {
  const { rig, state, store } = await rigNamed(cli, "secrets", { env: keys(OLD) });
  await store(TEXT);
  await using plain = await openPlainStates(rig, cli.folders);
  const secret = (key: string, fence: number) =>
    secretOf(
      {
        store: encryptedStore(plain, { keys: parseStateKeys(key) }),
        copy: { rig: "secrets", copy: "secrets-1" },
        fence,
        by: { who: "alice", host: "laptop", command: "vitest run", session: "1" },
      },
      "control-key",
      () => `created with ${key}`,
    );
  await secret(OLD, 10);
  expect((await state(["rekey"], { env: keys(NEW, OLD) })).stdout).toBe(
    [
      `stored   secrets-1: version 2, encrypted with key ${idOf(NEW)}; it had key ${idOf(OLD)}`,
      `history  secrets-1: needs key ${idOf(OLD)}: version 1`,
      `stored   secrets-1.secrets: version 2, encrypted with key ${idOf(NEW)}; it had key ${idOf(OLD)}`,
      `history  secrets-1.secrets: needs key ${idOf(OLD)}: version 1\n`,
    ].join("\n"),
  );
  expect(await secret(NEW, Date.now() * 1000)).toBe(`created with ${OLD}`);
});

test("rekey without a key says how to create one", async ({ cli }) => {
  const { exitCode, stderr } = await cli.start(["state", "rekey"]);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^VMRIG_STATE_KEY is not set, .*\nhint: create a key with `openssl/);
});
