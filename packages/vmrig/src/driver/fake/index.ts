export { fakeDriver, type FakeOptions } from "./driver.ts";
