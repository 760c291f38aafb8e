/** Now, in seconds since the epoch; fractions are allowed. Read at each use, never kept. */
export type Clock = () => number

/** The clock of the machine. */
export const systemClock: Clock = () => Date.now() / 1000
