import { expect, test } from "vitest";
import { checkConfig } from "./check.ts";
import { driver, good, mistakes } from "./check.test.kit.ts";

const NAME =
  'expected a lower-case name such as "pcs": letters, digits and "-", at most 32, starting with a letter';
const SIZE = 'expected a size such as "512MB" or "2GB"';
const machine = (pc1: unknown): unknown => ({ ...good, machines: { pc1 } });
const prepare = (recipe: unknown): unknown => ({ ...good, prepare: recipe });

test.each<[title: string, config: unknown, mistake: string]>([
  ["no name", { ...good, name: undefined }, `name: is missing; ${NAME}`],
  ["a name of another type", { ...good, name: 7 }, `name: ${NAME}, got 7`],
  ["a name with upper case", { ...good, name: "Pcs" }, `name: ${NAME}, got "Pcs"`],
  ["a name that ends with a hyphen", { ...good, name: "pcs-" }, `name: ${NAME}, got "pcs-"`],
  ["a name with a second line", { ...good, name: "pcs\n" }, `name: ${NAME}, got "pcs\\n"`],
  [
    "a name of 33 letters",
    { ...good, name: "p".repeat(33) },
    `name: ${NAME}, got "${"p".repeat(33)}"`,
  ],
  [
    "a machine name that Vitest uses for another fixture",
    { ...good, machines: { task: {} } },
    "machines.task: expected another name: test runners use this one for a fixture of their own",
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
    "a machine with a name that is not allowed",
    { ...good, machines: { localhost: {} } },
    `machines.localhost: ${NAME}`,
  ],
  [
    "an unknown key of a machine",
    machine({ cpu: 2 }),
    'machines.pc1: unknown setting "cpu" (did you mean "cpus"?); available: cpus, memory, disk, prepare',
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
    "machines.pc1.disk: expected whole gigabytes, at least 4GB: a disk cannot be smaller than its image, got 1536",
  ],
  [
    "an unknown key of a recipe",
    prepare({ package: [] }),
    'prepare: unknown setting "package" (did you mean "packages"?); available: packages, files, run, timers',
  ],
  [
    "an unknown key of a machine's recipe",
    machine({ prepare: { apt: [], dnf: [] } }),
    'machines.pc1.prepare: unknown settings "apt", "dnf"; available: packages, files, run, timers',
  ],
  [
    "an unknown key of a file",
    prepare({ files: { "/a": { content: "", perm: "0644" } } }),
    'prepare.files["/a"]: unknown setting "perm"; available: content, mode, owner',
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
    "a file that is undefined",
    prepare({ files: { "/a": {} } }),
    'prepare.files["/a"].content: is missing; expected string',
  ],
  [
    "a file of another type",
    prepare({ files: { "/a": 5 } }),
    'prepare.files["/a"]: expected the content, or { content: "…", mode: "0644", owner: "root:root" }, got 5',
  ],
])("refuses %s", (_title, config, mistake) => {
  expect(mistakes(config)).toEqual([mistake]);
});

test("resolves units and both forms of a file, in the order of the config", () => {
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
