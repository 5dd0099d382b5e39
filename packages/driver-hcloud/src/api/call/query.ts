/** Parameters of a call. A list repeats its parameter; `undefined` leaves it out. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[] | undefined>
>;

/** Returns the parameters as the end of a URL: `?name=pc1`, or nothing. */
export function queryString(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
    for (const one of values) params.append(name, String(one));
  }
  return params.size === 0 ? "" : `?${params.toString()}`;
}
