import type { Command } from 'commander'
import type { Registry } from '../command.ts'
import { addIssuerCheck } from './issuer-check.ts'
import { addIssuerAudit } from './issuer-audit.ts'
import { addIssuerBackup } from './issuer-backup.ts'
import { addIssuerClient } from './issuer-client.ts'
import { addIssuerInit } from './issuer-init.ts'
import { addIssuerKey } from './issuer-key.ts'
import { addIssuerLogin } from './issuer-login.ts'
import { addIssuerPerson } from './issuer-person.ts'
import { addIssuerPolicy } from './issuer-policy.ts'
import { addIssuerServe } from './issuer-serve.ts'

/** Adds `scitokens issuer …`. */
export function addIssuer(program: Command, registry: Registry): void {
  const group = program.command('issuer').description('Runs a VO’s issuer of tokens, and looks after it.')
  addIssuerInit(group, registry)
  addIssuerCheck(group, registry)
  addIssuerServe(group, registry)
  addIssuerPolicy(group, registry)
  addIssuerClient(group, registry)
  addIssuerLogin(group, registry)
  addIssuerPerson(group, registry)
  addIssuerKey(group, registry)
  addIssuerAudit(group, registry)
  addIssuerBackup(group, registry)
}
