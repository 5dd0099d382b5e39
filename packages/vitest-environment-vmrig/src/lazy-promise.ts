export interface LazyPromiseOptions<T> {
  /** Called once, when somebody waits. */
  readonly begin: () => Promise<T>;
  /** How often `then` is called by those who only add to it: what they are given begins as late. */
  readonly layers: number;
  /** What is thrown in place of an error. */
  readonly fail: (error: unknown) => unknown;
  /** The value of the property `pass`. */
  readonly pass: () => never;
}

/**
 * A promise that begins when it is awaited, as that of `expect.poll`: who forgets to await it
 * leaves nothing running, and no rejection that nobody handles.
 */
export function lazyPromise<T>({ begin, layers, fail, pass }: LazyPromiseOptions<T>): Promise<T> {
  let begun: Promise<T> | undefined;
  const start = (): Promise<T> => (begun ??= begin());
  const then: Promise<T>["then"] = <A, B>(
    fulfilled?: ((value: T) => A) | null,
    rejected?: ((reason: unknown) => B) | null,
  ) => {
    const attach = (): Promise<Awaited<A> | Awaited<B>> =>
      start().then(fulfilled as never, (error: unknown) => {
        const failure = fail(error);
        if (rejected) return rejected(failure) as never;
        throw failure;
      });
    return layers > 0 ? lazyPromise({ begin: attach, layers: layers - 1, fail, pass }) : attach();
  };
  const promise = {
    // oxlint-disable-next-line unicorn/no-thenable -- it is one
    then,
    catch: (rejected?: ((reason: unknown) => unknown) | null) => then(undefined, rejected as never),
    finally: (settled?: (() => void) | null) => then().finally(settled),
    get pass(): never {
      return pass();
    },
    [Symbol.toStringTag]: "Promise",
  };
  return promise as Promise<T>;
}
