import { expect, test } from "vitest";
import { examineSocketPaths } from "./folders.ts";

test.each([
  [103, "ok"],
  [104, "fail"],
])("a socket path of %i bytes is %s: the limit is 103 bytes and a closing NUL", (bytes, status) => {
  const runtime = `/tmp/${"r".repeat(bytes - "/tmp//pcs-1/pc1.control".length)}`;
  const finding = examineSocketPaths({ runtime }, "pcs-1", ["pc1", "a"]);
  expect(finding).toMatchObject({ status, measured: expect.stringContaining(`${bytes} bytes`) });
  expect(finding.fix).toEqual(
    status === "ok" ? undefined : expect.stringContaining("shorter names"),
  );
});
