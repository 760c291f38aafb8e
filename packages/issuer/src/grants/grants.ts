import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'

/** Every grant that is served. A new one is a file and a line here. */
export const GRANTS: readonly Grant[] = [clientCredentials]
