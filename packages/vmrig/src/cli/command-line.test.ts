import { describe, expect, test } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { defineVerb, type Verb, type VerbGroup } from "./verb.ts";

const plain = defineVerb({
  name: "plain",
  summary: "does something",
  details: [],
  operands: [],
  options: {},
  run: async () => {},
});
const rich = defineVerb({
  name: "rich",
  summary: "does more",
  details: [],
  operands: [{ name: "MACHINE", required: true }],
  command: "required",
  options: {
    allow: { type: "string", multiple: true, value: "ADDRESS", help: "allows it" },
    driver: { type: "string", value: "NAME", help: "names it" },
    follow: { type: "boolean", short: "f", help: "goes on" },
  },
  run: async () => {},
});
const inner = defineVerb({ ...plain, name: "group inner", operands: [{ name: "FILE" }] });
const group: VerbGroup = { name: "group", summary: "does several", details: [], verbs: [inner] };
const VERBS: readonly (Verb | VerbGroup)[] = [plain, rich, group];

const parse = (line: string) => parseCommandLine(line === "" ? [] : line.split(" "), VERBS);

describe("help", () => {
  test.each(["", "help", "--help", "-h", "--config x"])("is what `vmrig %s` asks for", (line) => {
    expect(parse(line)).toEqual({ kind: "help" });
  });

  test.each(["plain --help", "plain -h", "--help plain", "help plain"])(
    "about one verb is what `vmrig %s` asks for",
    (line) => {
      expect(parse(line)).toEqual({ kind: "help", verb: plain });
    },
  );

  test.each(["group", "group --help", "help group", "group --config x"])(
    "about a group of verbs is what `vmrig %s` asks for",
    (line) => {
      expect(parse(line)).toEqual({ kind: "help", verb: group });
    },
  );

  test.each(["group inner --help", "--help group inner", "help group inner"])(
    "about a verb of a group is what `vmrig %s` asks for",
    (line) => {
      expect(parse(line)).toEqual({ kind: "help", verb: inner });
    },
  );

  test("does not require operands", () => {
    expect(parse("rich --help")).toEqual({ kind: "help", verb: rich });
  });

  test("in the command for a machine is not vmrig's own option", () => {
    expect(parse("rich pc1 -- ls --help")).toMatchObject({
      kind: "run",
      args: { command: ["ls", "--help"] },
    });
  });
});

describe("a command line", () => {
  test.each(["--config a.ts plain", "plain --config a.ts", "plain --config=a.ts"])(
    "`%s` sets the config",
    (line) => {
      expect(parse(line)).toMatchObject({ kind: "run", verb: plain, config: "a.ts" });
    },
  );

  test.each(["group inner f --config a.ts", "group --config a.ts inner f"])(
    "`%s` runs the verb of a group",
    (line) => {
      const run = { kind: "run", verb: inner, args: { operands: ["f"] }, config: "a.ts" };
      expect(parse(line)).toMatchObject(run);
    },
  );

  test("is split into options, operands and the command", () => {
    expect(parse("rich --allow a -f pc1 --allow b -- sh -c x -- --allow c")).toEqual({
      kind: "run",
      verb: rich,
      args: {
        options: { allow: ["a", "b"], follow: true },
        operands: ["pc1"],
        command: ["sh", "-c", "x", "--", "--allow", "c"],
      },
    });
  });
});

describe("an invalid command line is rejected, and the error lists the known names", () => {
  test.each<[line: string, message: string, details: readonly string[]]>([
    ["plian", 'vmrig has no verb "plian".', ["available: plain, rich, group, help"]],
    ["help plian", 'vmrig has no verb "plian".', ["available: plain, rich, group, help"]],
    ["group iner", 'vmrig group has no verb "iner".', ["available: inner"]],
    ["help group iner", 'vmrig group has no verb "iner".', ["available: inner"]],
    ["group --copy x inner", "vmrig group has no option --copy.", expect.anything()],
    ["group inner a b", 'vmrig group inner does not take "b".', []],
    ["group inner --copi", "vmrig group inner has no option --copi.", expect.anything()],
    [
      "rich pc1 --folow",
      "vmrig rich has no option --folow.",
      [expect.stringMatching(/^available: --follow, --allow, .*--version/)],
    ],
    ["--constructor plain", "vmrig has no option --constructor.", expect.anything()],
    ["plain --constructor", "vmrig plain has no option --constructor.", expect.anything()],
    ["-x", "vmrig has no option -x.", expect.anything()],
    ["rich --allow", "--allow needs a value: --allow ADDRESS.", []],
    ["rich --allow --follow pc1 -- x", "--allow needs a value: --allow ADDRESS.", []],
    ["rich --driver a --driver b pc1 -- x", "--driver was given twice.", []],
    ["rich --follow=yes pc1 -- x", '--follow takes no value, got "yes".', []],
    ["plain pc1", 'vmrig plain does not take "pc1".', []],
    ["plain -- ls", "vmrig plain takes no command.", []],
    ["rich -- ls", "vmrig rich needs MACHINE.", []],
    ["rich pc1", "vmrig rich needs a command.", []],
    ["rich pc1 --", "vmrig rich needs a command.", []],
    ["rich pc1 ls -f", 'vmrig rich does not take "ls".', []],
  ])("vmrig %s", (line, summary, details) => {
    expect(() => parse(line)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", summary, details }),
    );
  });

  test("an option of a verb before the verb is rejected with a hint about the order", () => {
    expect(() => parse("--follow rich pc1 -- x")).toThrow(
      "options of a verb come after it: vmrig VERB [options]",
    );
  });

  test("a command without `--` is rejected with a hint about `--`", () => {
    expect(() => parse("rich pc1 ls")).toThrow(
      'put the command after "--": vmrig rich [options] MACHINE -- COMMAND…',
    );
  });
});
