// What Node, Deno and Bun run.
import { runSuite } from './suite.ts'

console.log(JSON.stringify(await runSuite()))
