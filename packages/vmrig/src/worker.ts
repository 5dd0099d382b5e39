/**
 * Exports the functions that a test runner's adapter needs in a worker: the connection to the gate,
 * and the machines that the gate grants.
 */
export { systemClock } from "./clock/clock.ts";
export { toDate } from "./clock/real-time.ts";
export { checkOptions, type OptionNames } from "./errors/check-options.ts";
export { fromErrorJson } from "./errors/error-json.ts";
export type { ClaimSession } from "./worker/claim-session.ts";
export { claimMachines } from "./worker/claim-machines.ts";
export { connectGate } from "./protocol/client.ts";
export type { GateClient } from "./protocol/gate-client.ts";
export type { Welcome } from "./protocol/messages.ts";
export { watchForLeftovers } from "./worker/leftovers.ts";
export { createTestStartState, type TestStartState } from "./worker/test-start-state.ts";
export type { Setup } from "./worker/setup.ts";
export { toAssertion, type Assertion, type RetryOptions } from "./matchers/assert.ts";
export type { MachineMatchers } from "./matchers/assertions.ts";
export { MATCHERS, type MatcherName } from "./matchers/matchers.ts";
export { collectEvidence, type Evidence, type WantedFile } from "./evidence/collect.ts";
export { createSecrets, hideIn, type Secrets } from "./evidence/secrets.ts";
export { createTranscript, type Transcript } from "./evidence/transcript.ts";
