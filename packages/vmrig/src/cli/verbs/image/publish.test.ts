import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { configOf, test } from "../../test-cli.test.kit.ts";

test("publish prints what machines start from, and the steps to stderr", async ({ cli }) => {
  const publishing = `driver: {
    ...fakeDriver(),
    async publishImage({ cacheFolder, say }) {
      say("image    uploading");
      return \`image 7 of \${cacheFolder}\`;
    },
  }`;
  const text = configOf(["pc1"]).replace("driver: fakeDriver()", () => publishing);
  await writeFile(join(cli.project, "vmrig.config.mjs"), text);
  expect(await cli.start(["image", "publish"])).toMatchObject({
    exitCode: 0,
    stdout: `image 7 of ${cli.folders.cache}\n`,
    stderr: expect.stringContaining("image    uploading\n") as unknown,
  });
});

test("a driver whose machines start from files of this computer publishes nothing", async ({
  cli,
}) => {
  await writeFile(join(cli.project, "vmrig.config.mjs"), configOf(["pc1"]));
  expect(await cli.start(["image", "publish"])).toMatchObject({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringContaining('The driver "fake" publishes no images') as unknown,
  });
});
