/** Error reply of a Redis that answers but cannot do what it was asked. */
export interface Refusal {
  /** The reply, without what Redis adds about the script. */
  readonly reply: string;
  readonly hint: string;
}

const HINTS: readonly (readonly [code: RegExp, hint: string])[] = [
  [
    /^(READONLY|MASTERDOWN)/,
    "this Redis is a replica: use the address of the primary, or make it the primary with REPLICAOF NO ONE",
  ],
  [/^NOREPLICAS/, "the Redis setting min-replicas-to-write requires more replicas than it has"],
  [/^MISCONF/, "Redis cannot save its data: check its disk and its log"],
  [/^OOM/, "Redis has no memory left: raise its setting maxmemory"],
  [/^(LOADING|BUSY)\b/, "Redis is busy: wait until it accepts commands again"],
  [/^(NOAUTH|WRONGPASS)/, "check the user and password in VMRIG_REDIS_URL"],
  [/^NOPERM/, 'grant the Redis user the ACL rules in "A Redis for a team" of the docs'],
];

/**
 * Recognises the error reply in the message of a failed command. `undefined`: Redis did not answer,
 * or the reply has no code.
 */
export function refusalIn(message: string): Refusal | undefined {
  // Redis 6 puts the reply inside its own error about the script.
  const reply = message
    .trim()
    .replace(/^ERR Error running script .*?: -?(?=[A-Z]{2,} )/, "")
    .replace(/\.? script: \w+, on @user_script:\d+\.?$/, "");
  const hint = HINTS.find(([code]) => code.test(reply))?.[1];
  return hint === undefined ? undefined : { reply, hint };
}

/** Whether a message is the reply of a replica, which cannot be written to. */
export function isReplicaReply(message: string): boolean {
  return /^(READONLY|MASTERDOWN) /.test(refusalIn(message)?.reply ?? "");
}
