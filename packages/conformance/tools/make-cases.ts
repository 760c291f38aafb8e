// Writes cases/more-*.json: `npm run conformance:cases`.
import { writeFileSync } from 'node:fs'
import { CASES, makeCaseFiles } from './generated-files.ts'

for (const [name, text] of makeCaseFiles()) writeFileSync(new URL(name, CASES), text)
