import { expect, test } from "vitest";
import { redact } from "./redact.ts";

const BODY =
  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt\nQyNTUxOQAAACBL5vvvdQ8mZ1lYwq8l0m3rH1mJ\n";
const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${BODY}-----END OPENSSH PRIVATE KEY-----`;

test.each([
  ["a password in a URL", "redis://alice:hunter2@db:6379/0", "redis://alice:***@db:6379/0"],
  ["a password in a URL without a user", "rediss://:hunter2@db", "rediss://:***@db"],
  ["a password with an unencoded @", "redis://alice:hunter@2@db/0", "redis://alice:***@db/0"],
  [
    "two URLs on one line",
    "http://a:x@one and http://b:y@two",
    "http://a:***@one and http://b:***@two",
  ],
  ["an environment variable", "HCLOUD_TOKEN=abc123 terraform", "HCLOUD_TOKEN=*** terraform"],
  [
    "an environment variable in quotes, with spaces",
    `export API_KEY="abc 123" x`,
    "export API_KEY=*** x",
  ],
  ["an environment variable without an underscore", "PGPASSWORD=hunter2", "PGPASSWORD=***"],
  [
    "an environment variable of AWS",
    "AWS_SECRET_ACCESS_KEY=abc/123+x",
    "AWS_SECRET_ACCESS_KEY=***",
  ],
  ["an option", "curl --token=abc123 x", "curl --token=*** x"],
  ["a field of JSON", `{"password":"hunter2 \\" x","port":1}`, `{"password":***,"port":1}`],
  ["a field of YAML", "apiKey: hunter2", "apiKey: ***"],
  ["a field of HCL", `secret = "hunter2"`, "secret = ***"],
  ["a header", "Authorization: Basic YWxpY2U6aHVudGVyMg==", "Authorization: Basic ***"],
  ["a bearer anywhere", "sent Bearer eyJhbGciOi.eyJzdWIi.SflKxw to it", "sent Bearer *** to it"],
  ["a token of GitHub", `https://ghp_${"a1".repeat(18)}@github.com/x`, "https://***@github.com/x"],
  ["an access key of AWS", "key AKIAIOSFODNN7EXAMPLE", "key ***"],
  [
    "a private key",
    `wrote ${KEY}, twice ${KEY}.`,
    "wrote [OPENSSH PRIVATE KEY redacted], twice [OPENSSH PRIVATE KEY redacted].",
  ],
  [
    "a private key in JSON",
    JSON.stringify({ key: KEY }),
    `{"key":"[OPENSSH PRIVATE KEY redacted]"}`,
  ],
  ["the beginning of a private key", KEY.slice(0, 80), "[OPENSSH PRIVATE KEY redacted]"],
  [
    "the end of a private key",
    `before\n${KEY.slice(60)}\nafter`,
    "before\n[OPENSSH PRIVATE KEY redacted]\nafter",
  ],
])("redacts %s", (_title, text, redacted) => {
  expect(redact(text)).toBe(redacted);
  expect(redact(redacted)).toBe(redacted);
});

test.each([
  "git@github.com:owner/repo.git",
  "http://127.0.0.1:8080/a@b?c=d:e@f",
  "ssh://vmrig@10.77.0.11:22",
  "redis://alice@db:6379",
  "the token is gone; the password was wrong",
  "Unexpected token '}', \"{]\" is not valid JSON",
  "│Password:       │",
  '"Password:" on the screen of "sudo -k"',
  "tokens: 5, secretary: bob, passwords=none",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE8mZ1lYwq8l0m3rH1mJ",
  "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
  "a bearer of bad news",
  "keyboard=us monkey: 1",
  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
])("leaves %j unchanged", (text) => {
  expect(redact(text)).toBe(text);
});

test.each([
  ["dots", "a.".repeat(200_000)],
  ["base64", "QUJD".repeat(200_000)],
  ["lines of base64", `${"QUJD".repeat(19)}\n`.repeat(5_000)],
  ["the names of secrets", "token_".repeat(100_000)],
  ["schemes", "a://".repeat(100_000)],
  ["quotes that never end", `token="${"\\a".repeat(100_000)}`],
  ["blanks", `token${" ".repeat(200_000)}`],
])("redacts a long text quickly: %s", { timeout: 5_000 }, (_title, text) => {
  expect(redact(text).length).toBeLessThanOrEqual(text.length);
});
