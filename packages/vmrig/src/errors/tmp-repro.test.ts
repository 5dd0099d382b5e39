import { test } from "vitest";
import { VmrigError } from "./vmrig-error.ts";
test("with error cause", () => { throw new VmrigError("INTERNAL", { message: "a", cause: new Error("inner") }); });
test("without cause", () => { throw new VmrigError("INTERNAL", { message: "b" }); });
test("with vmrig cause", () => { throw new VmrigError("INTERNAL", { message: "c", cause: new VmrigError("INTERNAL", { message: "inner" }) }); });
test("string cause", () => { throw new VmrigError("INTERNAL", { message: "d", cause: "x" }); });
