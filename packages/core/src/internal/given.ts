/** `T` without the members that are undefined: those that may be undefined are optional instead. */
export type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/**
 * A copy without the members that are undefined. For options that are passed on: `{ issuer, ...given({ lifetime }) }` names `lifetime` only where
 * it was given, which is another thing than giving it as undefined (`exactOptionalPropertyTypes`).
 */
export function given<const T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>
}
