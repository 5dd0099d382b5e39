export interface LazyPromiseOptions<T> {
  /** Starts the work. Called once, at the first `then`. */
  readonly begin: () => Promise<T>;
  /**
   * Number of `then` calls that only add a handler. The promises that these calls return are lazy,
   * too.
   */
  readonly layers: number;
  /** Returns the error to throw in place of the original one. */
  readonly fail: (error: unknown) => unknown;
  /** Getter of the property `pass`. */
  readonly pass: () => never;
}

/**
 * Returns a promise that starts its work when the promise is awaited, as `expect.poll` does. A test
 * that forgets the `await` leaves no work running and no unhandled rejection.
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
    // oxlint-disable-next-line unicorn/no-thenable -- the object is a promise
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
