/** What the adapter of a test runner needs where tests run: the way to the gate, and the machines that it hands out. */
export { fromErrorJson } from "./errors/error-json.ts";
export { claimMachines, type Claim } from "./gate/claim.ts";
export { connectGate, type GateClient } from "./gate/client.ts";
export type { Welcome } from "./gate/messages.ts";
export { watchForLeftovers } from "./gate/leftovers.ts";
export { createStarts, type Setup, type Starts } from "./gate/starts.ts";
export { toAssertion, type Assertion, type RetryOptions } from "./matchers/assert.ts";
export type { MachineMatchers } from "./matchers/assertions.ts";
export { MATCHERS, type MatcherName } from "./matchers/matchers.ts";
export { collectEvidence, type Evidence, type WantedFile } from "./evidence/collect.ts";
export { createSecrets, hideIn, type Secrets } from "./evidence/secrets.ts";
export { createTranscript, type Transcript } from "./evidence/transcript.ts";
