import { inWords, isActive, isEnabled } from "../machine/resources/service-status.ts";
import { checkValue, checkText, type ExpectedText } from "./check.ts";
import { matcher, matcherOf } from "./matcher.ts";

export const resourceChecks = {
  toBeRunning: matcher({
    about: ["service", "process"],
    words: "to be running",
    async look(subject) {
      if (subject.kind === "service") {
        const status = await subject.of.status();
        return checkValue(isActive(status), inWords(status));
      }
      const found = await subject.of.list();
      const pids = found.map(({ pid }) => pid);
      return checkValue(
        pids.length > 0,
        pids.length === 0 ? "there is no such process" : `pid ${pids.join(", ")}`,
      );
    },
  }),
  toBeEnabled: matcher({
    about: ["service"],
    words: "to be enabled",
    async look({ of }) {
      const status = await of.status();
      return checkValue(
        isEnabled(status),
        status.load === "loaded" ? status.enabled || "it has no unit file" : status.load,
      );
    },
  }),
  toBeInstalled: matcher({
    about: ["package"],
    words: "to be installed",
    async look({ of }) {
      const found = await of.installed();
      return checkValue(
        found !== undefined,
        found === undefined ? "it is not installed" : `version ${found.version}`,
      );
    },
  }),
  toHaveVersion: matcherOf<ExpectedText>()({
    about: ["package"],
    words: "to have version",
    async look({ of }, expected, { equals }) {
      const found = await of.installed();
      return found === undefined
        ? { unknown: "it is not installed" }
        : checkText(found.version, expected, equals);
    },
  }),
  toBeListening: matcher({
    about: ["socket"],
    words: "to be listening",
    async look({ of }) {
      const found = await of.listeners();
      return checkValue(
        found.length > 0,
        found.length === 0
          ? "nothing listens"
          : `something listens on ${found.map(({ address }) => address).join(", ")}`,
      );
    },
  }),
  toBeMounted: matcher({
    about: ["mount"],
    words: "to be mounted",
    async look({ of }) {
      const entry = await of.entry();
      return checkValue(
        entry !== undefined,
        entry === undefined ? "nothing is mounted there" : `${entry.source}, ${entry.type}`,
      );
    },
  }),
  toBeUp: matcher({
    about: ["interface"],
    words: "to be up",
    async look({ of }) {
      const status = await of.status();
      return status === undefined
        ? { unknown: "there is no such interface" }
        : checkValue(status.up, status.up ? "it is up" : "it is down");
    },
  }),
  toHaveAddress: matcherOf<string>()({
    about: ["interface"],
    words: "to have address",
    show: (address) => address,
    async look({ of }, expected) {
      const status = await of.status();
      if (status === undefined) return { unknown: "there is no such interface" };
      const { addresses } = status;
      const pass = addresses.some(
        (address) => address === expected || address.split("/")[0] === expected,
      );
      return checkValue(
        pass,
        addresses.length === 0 ? "it has no address" : `it has ${addresses.join(", ")}`,
      );
    },
  }),
  toHaveValue: matcherOf<ExpectedText | number>()({
    about: ["sysctl"],
    words: "to have the value",
    look: async ({ of }, expected, { equals }) =>
      checkText(
        await of.value(),
        typeof expected === "number" ? String(expected) : expected,
        equals,
      ),
  }),
};
