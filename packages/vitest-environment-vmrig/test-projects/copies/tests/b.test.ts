import { test } from "vitest-environment-vmrig";
import { look, use } from "../use.ts";

test("has a copy for itself", ({ pc1 }) => use("b", pc1));
test("records the files that left something on its copy", ({ pc1 }) => look("b", pc1));
