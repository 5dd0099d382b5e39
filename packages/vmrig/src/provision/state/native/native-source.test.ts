import { expect, test } from "vitest";
import { parseNativeSource } from "./native-source.ts";

test.each<[text: string, source: object]>([
  ["local:a/b:c", { backend: "local", path: "a/b:c" }],
  [
    "pg:postgres://u:p%23@h/db?sslmode=disable",
    {
      backend: "pg",
      url: "postgres://u:p%23@h/db?sslmode=disable",
      schema: "terraform_remote_state",
      workspace: "default",
    },
  ],
  ["pg:postgres://h/db#team", { schema: "team", workspace: "default" }],
  ["pg:postgres://h/db#team.a.b", { schema: "team", workspace: "a.b" }],
  ["s3:bucket/key/with/parts", { backend: "s3", bucket: "bucket", key: "key/with/parts" }],
])("%s names a state", (text, source) => {
  expect(parseNativeSource(text)).toMatchObject(source);
});

test.each(["", "local:", "s3:bucket", "s3:/key", "gcs:bucket/key", "/terraform.tfstate"])(
  "%j is refused, with the known forms",
  (text) => {
    expect(() => parseNativeSource(text)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        details: expect.arrayContaining(["expected local:PATH"]) as unknown,
      }),
    );
  },
);
