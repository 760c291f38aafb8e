// Moves the time of this process, as every client reads it, so that four days pass in seconds. Timers run as ever.
const realNow = Date.now.bind(Date)
const realPerformanceNow = performance.now.bind(performance)
let offsetMs = 0
Date.now = () => realNow() + offsetMs
performance.now = () => realPerformanceNow() + offsetMs

/** Lets time pass. */
export async function pass(seconds: number): Promise<void> {
  offsetMs += seconds * 1000
  // Caches keep the time they have read for a tick or a millisecond.
  await new Promise((resolve) => setTimeout(resolve, 3))
}
