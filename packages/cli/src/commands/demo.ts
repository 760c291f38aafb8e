import type { Command } from 'commander'
import type { Registry } from '../command.ts'
import { addDemoServe } from './demo-serve.ts'
import { addDemoToken } from './demo-token.ts'

/** Adds `scitokens demo …`. */
export function addDemo(program: Command, registry: Registry): void {
  const group = program
    .command('demo')
    .description('Runs a token generator to learn and test with, and gets tokens from one.')
  addDemoServe(group, registry)
  addDemoToken(group, registry)
}
