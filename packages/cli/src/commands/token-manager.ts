import type { Command } from 'commander'
import type { Registry } from '../command.ts'
import { addCredmon } from './token-manager-credmon.ts'
import { addManagerClients } from './token-manager-client.ts'
import { addServe } from './token-manager-serve.ts'

/** Adds `scitokens token-manager …`. */
export function addTokenManager(program: Command, registry: Registry): void {
  const group = program
    .command('token-manager')
    .description("The submit host's side: keeps logins for users and fresh tokens for their jobs.")
  addServe(group, registry)
  addCredmon(group, registry)
  addManagerClients(group, registry)
}
