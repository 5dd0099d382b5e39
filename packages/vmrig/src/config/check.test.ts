import { expect, test } from "vitest";
import type { Driver } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { checkConfig } from "./check.ts";

// The schema looks at what makes a driver a driver, and hands it through.
const driver = { name: "none", declare: () => {} } as unknown as Driver;
const good = { name: "pcs", driver, machines: { pc1: {} } };

function mistakes(config: unknown): readonly string[] {
  try {
    checkConfig(config, "/x/vmrig.config.ts");
  } catch (error) {
    if (error instanceof VmrigError && error.code === "CONFIG_INVALID") return error.details;
    throw error;
  }
  return [];
}

const NAME =
  'expected a lower-case name such as "pcs": letters, digits and "-", at most 32, starting with a letter';
const DURATION = 'expected a duration such as "30s", "15m" or "2h"';
const SIZE = 'expected a size such as "512MB" or "2GB"';
const PREFIX =
  'expected a prefix of keys such as "vmrig" or "team-a:vmrig": letters, digits, ".", "_", ":" and "-", at most 64';
const COUNT =
  "expected 3 or 5 URLs: one Redis is `redis.url`, and with an even number a vote can tie";
const URL_EXPECTED = 'expected a URL such as "redis://host:6379", or "rediss://host:6379" for TLS';
const machine = (pc1: unknown): unknown => ({ ...good, machines: { pc1 } });
const prepare = (recipe: unknown): unknown => ({ ...good, prepare: recipe });

test.each<[title: string, config: unknown, mistake: string]>([
  ["no name", { ...good, name: undefined }, `name: is missing; ${NAME}`],
  ["a name that is none", { ...good, name: 7 }, `name: ${NAME}, got 7`],
  ["a name with upper case", { ...good, name: "Pcs" }, `name: ${NAME}, got "Pcs"`],
  ["a name that ends with a hyphen", { ...good, name: "pcs-" }, `name: ${NAME}, got "pcs-"`],
  ["a name with a second line", { ...good, name: "pcs\n" }, `name: ${NAME}, got "pcs\\n"`],
  [
    "a name of 33 letters",
    { ...good, name: "p".repeat(33) },
    `name: ${NAME}, got "${"p".repeat(33)}"`,
  ],
  [
    "machines that others use too, with a state of this computer alone",
    { ...good, driver: { ...driver, locality: "shared" } },
    'state.backend: expected a shared backend: others use this driver\'s machines too, and must see the same state, got "local"',
  ],
  [
    "a machine with a name that Vitest has for something else",
    { ...good, machines: { task: {} } },
    "machines.task: expected another name: test runners hand this word to tests themselves",
  ],
  [
    "no driver",
    { ...good, driver: undefined },
    'driver: is missing; expected a driver, such as qemu() of "@vmrig/driver-qemu"',
  ],
  [
    "a driver that was not called",
    { ...good, driver: () => driver },
    'driver: expected a driver, such as qemu() of "@vmrig/driver-qemu", got a function',
  ],
  [
    "the name of a driver",
    { ...good, driver: "qemu" },
    'driver: expected a driver, such as qemu() of "@vmrig/driver-qemu", got "qemu"',
  ],
  ["no machines", { ...good, machines: undefined }, "machines: is missing; expected record"],
  [
    "zero machines",
    { ...good, machines: {} },
    "machines: expected at least one machine, such as { pc1: {} }, got {}",
  ],
  ["a machine with upper case", { ...good, machines: { PC1: {} } }, `machines.PC1: ${NAME}`],
  ["a machine with a blank", { ...good, machines: { "pc 1": {} } }, `machines["pc 1"]: ${NAME}`],
  [
    "a machine that every machine is",
    { ...good, machines: { localhost: {} } },
    `machines.localhost: ${NAME}`,
  ],
  [
    "an unknown key",
    { ...good, machine: {} },
    'the config: does not know "machine"; it knows name, driver, machines, copies, prepare, rollback, strict, keep, keepFor, evidence, lease, redis, state',
  ],
  [
    "an unknown key of a machine",
    machine({ cpu: 2 }),
    'machines.pc1: does not know "cpu"; it knows cpus, memory, disk, prepare',
  ],
  [
    "an unknown key of a recipe",
    prepare({ package: [] }),
    'prepare: does not know "package"; it knows packages, files, run',
  ],
  [
    "an unknown key of a machine's recipe",
    machine({ prepare: { apt: [], dnf: [] } }),
    'machines.pc1.prepare: does not know "apt", "dnf"; it knows packages, files, run',
  ],
  [
    "an unknown key of a file",
    prepare({ files: { "/a": { content: "", perm: "0644" } } }),
    'prepare.files["/a"]: does not know "perm"; it knows content, mode, owner',
  ],
  [
    "an unknown key of the lease",
    { ...good, lease: { tll: "1s" } },
    'lease: does not know "tll"; it knows ttl, waitFor, onBusy, idle',
  ],
  [
    "an unknown key of redis",
    { ...good, redis: { host: "h" } },
    'redis: does not know "host"; it knows url, urls, prefix, tls',
  ],
  [
    "a server that nobody verifies",
    { ...good, redis: { url: "rediss://h", tls: { rejectUnauthorized: false } } },
    'redis.tls: does not know "rejectUnauthorized"; it knows ca, cert, key, servername',
  ],
  [
    "TLS as a word",
    { ...good, redis: { url: "rediss://h", tls: true } },
    "redis.tls: expected object, got true",
  ],
  [
    "a key without its certificate",
    { ...good, redis: { url: "rediss://h", tls: { key: "k.pem" } } },
    "redis.tls: expected cert and key together, got { key: 'k.pem' }",
  ],
  [
    "settings of TLS for a URL without it",
    { ...good, redis: { url: "redis://u:p@h", tls: { ca: "ca.pem" } } },
    "redis.url: expected rediss://, because redis.tls is set, got another text",
  ],
  [
    "two Redises",
    { ...good, redis: { urls: ["redis://u:p@a", "redis://b"] } },
    `redis.urls: ${COUNT}, got 2 entries`,
  ],
  [
    "four Redises",
    { ...good, redis: { urls: ["a", "b", "c", "d"].map((host) => `redis://${host}`) } },
    `redis.urls: ${COUNT}, got 4 entries`,
  ],
  [
    "one Redis of several",
    { ...good, redis: { urls: ["redis://a"] } },
    `redis.urls: ${COUNT}, got 1 entry`,
  ],
  [
    "several Redises of which two are one",
    { ...good, redis: { urls: ["redis://a", "redis://u:p@A:6379/1", "redis://c"] } },
    "redis.urls: expected servers that run independently of each other, each once; another database of one server is the same server, got 3 entries",
  ],
  [
    "one Redis and several",
    { ...good, redis: { url: "redis://a", urls: ["redis://a", "redis://b", "redis://c"] } },
    "redis.urls: expected either redis.url or redis.urls, got 3 entries",
  ],
  [
    "several Redises of which one is no URL",
    { ...good, redis: { urls: ["redis://a", "http://u:p@b", "redis://c"] } },
    `redis.urls[1]: ${URL_EXPECTED}, got another text`,
  ],
  [
    "several Redises as a text",
    { ...good, redis: { urls: "redis://a,redis://u:p@b" } },
    "redis.urls: expected a list of URLs, got another text",
  ],
  [
    "settings of TLS for several of which one has none",
    {
      ...good,
      redis: { urls: ["rediss://a", "redis://u:p@b", "rediss://c"], tls: { ca: "ca.pem" } },
    },
    "redis.urls[1]: expected rediss://, because redis.tls is set, got another text",
  ],
  ["an empty prefix", { ...good, redis: { prefix: "" } }, `redis.prefix: ${PREFIX}, got ""`],
  [
    "a prefix that is a hash tag",
    { ...good, redis: { prefix: "{a}" } },
    `redis.prefix: ${PREFIX}, got "{a}"`,
  ],
  [
    "a prefix that is a pattern",
    { ...good, redis: { prefix: "a*" } },
    `redis.prefix: ${PREFIX}, got "a*"`,
  ],
  [
    "a prefix that ends in a colon",
    { ...good, redis: { prefix: "a:" } },
    `redis.prefix: ${PREFIX}, got "a:"`,
  ],
  [
    "an unknown key of the state",
    { ...good, state: { backend: "local", path: "x" } },
    'state: does not know "path"; it knows backend',
  ],
  [
    "half a processor",
    machine({ cpus: 1.5 }),
    "machines.pc1.cpus: expected a whole number from 1 to 64, got 1.5",
  ],
  [
    "too many processors",
    machine({ cpus: 65 }),
    "machines.pc1.cpus: expected a whole number from 1 to 64, got 65",
  ],
  ["a size without a unit", machine({ memory: 512 }), `machines.pc1.memory: ${SIZE}, got 512`],
  [
    "a size with another unit",
    machine({ memory: "512M" }),
    `machines.pc1.memory: ${SIZE}, got "512M"`,
  ],
  [
    "no memory to boot in",
    machine({ memory: "128MB" }),
    "machines.pc1.memory: expected whole megabytes, at least 256MB: Linux does not boot in less, got 128",
  ],
  [
    "broken megabytes",
    machine({ memory: "1.1GB" }),
    "machines.pc1.memory: expected whole megabytes, at least 256MB: Linux does not boot in less, got 1126.4",
  ],
  [
    "a broken disk",
    machine({ disk: "1.5GB" }),
    "machines.pc1.disk: expected whole gigabytes, at least 4GB: smaller than its image no disk can be, got 1536",
  ],
  ["a duration without a unit", { ...good, lease: { ttl: 30 } }, `lease.ttl: ${DURATION}, got 30`],
  [
    "a duration of nothing",
    { ...good, lease: { waitFor: "0s" } },
    `lease.waitFor: ${DURATION}, got "0s"`,
  ],
  [
    "a negative duration",
    { ...good, lease: { waitFor: "-5s" } },
    `lease.waitFor: ${DURATION}, got "-5s"`,
  ],
  [
    "a ttl too short to renew",
    { ...good, lease: { ttl: "999ms" } },
    'lease.ttl: expected "1s" to "24h", got 999',
  ],
  [
    "a ttl too long for a timer",
    { ...good, lease: { ttl: "999h" } },
    'lease.ttl: expected "1s" to "24h", got 3596400000',
  ],
  [
    "a wait too long for a timer",
    { ...good, lease: { waitFor: "999h" } },
    'lease.waitFor: expected at most "24h", got 3596400000',
  ],
  [
    "another word for rollback",
    { ...good, rollback: "suite" },
    'rollback: expected one of "run"|"file"|"test", got "suite"',
  ],
  [
    "another word for strict",
    { ...good, strict: "yes" },
    'strict: expected true, false or "report", got "yes"',
  ],
  [
    "another backend",
    { ...good, state: { backend: "s3" } },
    `state.backend: expected { backend: "local" }, got { backend: 's3' }`,
  ],
  [
    "an injection as a package",
    prepare({ packages: ["rsync", "foo; rm -rf /"] }),
    'prepare.packages[1]: expected a package name, got "foo; rm -rf /"',
  ],
  [
    "an option as a package",
    prepare({ packages: ["--force-yes"] }),
    'prepare.packages[0]: expected a package name, got "--force-yes"',
  ],
  [
    "packages that are no list",
    prepare({ packages: "rsync" }),
    'prepare.packages: expected array, got "rsync"',
  ],
  [
    "an empty command",
    prepare({ run: ["true", " "] }),
    'prepare.run[1]: expected a command, got " "',
  ],
  [
    "a relative path",
    prepare({ files: { "etc/motd": "" } }),
    'prepare.files["etc/motd"]: expected the absolute path of a file on the machine',
  ],
  [
    "a folder's path",
    prepare({ files: { "/etc/": "" } }),
    'prepare.files["/etc/"]: expected the absolute path of a file on the machine',
  ],
  [
    "a mode in words",
    prepare({ files: { "/a": { content: "", mode: "u+x" } } }),
    'prepare.files["/a"].mode: expected an octal mode such as "0644", got "u+x"',
  ],
  [
    "a mode as a number",
    prepare({ files: { "/a": { content: "", mode: 0o644 } } }),
    'prepare.files["/a"].mode: expected an octal mode such as "0644", got 420',
  ],
  [
    "an injection as an owner",
    prepare({ files: { "/a": { content: "", owner: "root; id" } } }),
    'prepare.files["/a"].owner: expected "user" or "user:group", got "root; id"',
  ],
  [
    "a file without content",
    prepare({ files: { "/a": { mode: "0644" } } }),
    'prepare.files["/a"].content: is missing; expected string',
  ],
  [
    "a file of nothing",
    prepare({ files: { "/a": {} } }),
    'prepare.files["/a"].content: is missing; expected string',
  ],
  [
    "a file that is neither",
    prepare({ files: { "/a": 5 } }),
    'prepare.files["/a"]: expected the content, or { content: "…", mode: "0644", owner: "root:root" }, got 5',
  ],
  [
    "another scheme",
    { ...good, redis: { url: "http://h" } },
    `redis.url: ${URL_EXPECTED}, got another text`,
  ],
  [
    "a socket as a URL",
    { ...good, redis: { url: "unix:///run/redis.sock" } },
    `redis.url: ${URL_EXPECTED}, got another text`,
  ],
  ["nothing", null, "the config: expected object, got null"],
  ["what was forgotten to be called", () => good, "the config: expected object, got a function"],
])("refuses %s", (_title, config, mistake) => {
  expect(mistakes(config)).toEqual([mistake]);
});

test("tells all mistakes at once, and counts them", () => {
  const wrong = { name: "Pcs", driver, machines: { pc1: { cpus: 0 } }, rolback: "test" };
  expect(() => checkConfig(wrong, "/x/vmrig.config.ts")).toThrow(
    /^\/x\/vmrig\.config\.ts has 3 mistakes\.\n {2}name: .*\n {2}machines\.pc1\.cpus: .*\n {2}the config: /,
  );
  expect(() => checkConfig({ ...good, name: "Pcs" }, "/x/vmrig.config.ts")).toThrow(
    "/x/vmrig.config.ts has a mistake.\n",
  );
});

test("never shows the password of a URL, however it is spelt wrong", () => {
  for (const url of [
    "redis:/alice:hunter2@h",
    "http://alice:hunter2@h",
    "redis://alice:hunter2@",
    "hunter2",
  ]) {
    expect(() => checkConfig({ ...good, redis: { url } }, "f")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
    expect(() => checkConfig({ ...good, redis: url }, "f")).toThrow(VmrigError);
  }
});

test.each([
  [
    "that is a circle",
    (() => {
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      return circle;
    })(),
  ],
  ["that JSON cannot hold", 10n],
  ["that goes on and on", "x".repeat(10_000)],
  ["that is a symbol", Symbol("x")],
])("shows a value %s on one short line", (_title, value: unknown) => {
  const [mistake = ""] = mistakes({ ...good, rollback: value });
  expect(mistake).toMatch(/^rollback: expected one of "run"\|"file"\|"test", got /);
  expect(mistake.length).toBeLessThan(140);
});

test("fills every default in", () => {
  const nothing = { packages: [], files: [], run: [] };
  expect(checkConfig(good, "f")).toEqual({
    name: "pcs",
    driver,
    machines: { pc1: { cpus: 1, memoryMb: 512, diskGb: 4, prepare: nothing } },
    prepare: nothing,
    rollback: "file",
    strict: false,
    copies: 1,
    keep: "never",
    keepFor: 1_800_000,
    evidence: { files: [], secrets: [], timeout: 10_000 },
    lease: { ttl: 30_000, waitFor: 900_000, onBusy: "wait", idle: 60_000 },
    state: { backend: "local" },
  });
});

test("hands the driver through as it is", () => {
  expect(checkConfig(good, "f").driver).toBe(driver);
});

test("resolves units, and both ways to write a file, in the order of writing", () => {
  const rig = checkConfig(
    {
      ...good,
      machines: { pc1: { cpus: 2, memory: "1.5GB", disk: "8 GB" } },
      prepare: {
        packages: ["g++", "libfoo-dev=1.2~rc1-1", "python3.13"],
        files: { "/b": "text", "/a": { content: "x", mode: "755", owner: "vmrig" } },
        run: ["systemctl enable x && true"],
      },
      lease: { ttl: "1.1s", waitFor: "1d" },
      redis: { url: "rediss://alice:secret@db:6380/1" },
    },
    "f",
  );
  expect(rig.machines["pc1"]).toMatchObject({ cpus: 2, memoryMb: 1536, diskGb: 8 });
  expect(rig.lease).toMatchObject({ ttl: 1_100, waitFor: 86_400_000 });
  expect(rig.prepare.files).toEqual([
    { path: "/b", content: "text", mode: "0644", owner: "root:root" },
    { path: "/a", content: "x", mode: "755", owner: "vmrig" },
  ]);
});

test("files of TLS are looked for from the config's folder", () => {
  const redis = {
    url: "rediss://db",
    tls: { ca: "pki/ca.pem", cert: "/etc/me.pem", key: "../me.key", servername: "db" },
  };
  expect(checkConfig({ ...good, redis }, "/srv/project/vmrig.config.ts").redis).toEqual({
    url: "rediss://db",
    prefix: "vmrig",
    tls: {
      ca: "/srv/project/pki/ca.pem",
      cert: "/etc/me.pem",
      key: "/srv/me.key",
      servername: "db",
    },
  });
});

test("several Redises are named in a list", () => {
  const config = {
    ...good,
    redis: {
      urls: ["redis://redis-a:6379", "redis://redis-b:6379", "redis://redis-c:6379"],
    },
  };
  expect(checkConfig(config, "f").redis).toEqual({ ...config.redis, prefix: "vmrig" });
  const urls = ["redis://a", "rediss://b:6380", "redis://u:p@c/1", "redis://a:1", "redis://d"];
  expect(checkConfig({ ...good, redis: { urls } }, "f").redis?.urls).toEqual(urls);
});

test("the parts of redis that are no address may stand alone, beside VMRIG_REDIS_URL", () => {
  expect(checkConfig({ ...good, redis: { prefix: "team-a:vmrig" } }, "f").redis).toEqual({
    prefix: "team-a:vmrig",
  });
});
