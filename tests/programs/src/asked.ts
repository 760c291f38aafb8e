const asked = new Set<string>()

/** Notes that a test of this file has asked for a program. For helpers that look for it by themselves; tests use `needs`. */
export function askFor(program: string): void {
  asked.add(program)
}

/** Whether a test of this file has asked for a program. */
export function isAskedFor(name: string): boolean {
  return asked.has(name)
}
