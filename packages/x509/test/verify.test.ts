import { describe, expect, test } from 'vitest'
import { AUTHORITY_DEFECTS, type Defect, PATH_DEFECTS, PROXY_DEFECTS, VOMS_DEFECTS } from './defects.ts'
import { reasonOf, scenario, type Scenario } from './scenario.ts'

/** A client as small as the defect allows. */
function spoiled({ needs = {}, spoil }: Defect): Scenario {
  const { intermediates = 1, proxies = 0, attributes = false } = needs
  const made = scenario({ intermediates, proxies, attributes })
  spoil(made)
  return made
}

function refusesEach(defects: readonly Defect[]): void {
  test.each(defects.map((defect) => [defect.what, defect.reason, defect] as const))(
    'is not accepted when %s: %s',
    async (_, reason, defect) => {
      expect(await reasonOf(spoiled(defect))).toBe(reason)
    },
  )
}

describe('a path', () => refusesEach(PATH_DEFECTS))
describe('an authority', () => refusesEach(AUTHORITY_DEFECTS))
describe('a proxy', () => refusesEach(PROXY_DEFECTS))
describe('a VOMS attribute certificate', () => refusesEach(VOMS_DEFECTS))
