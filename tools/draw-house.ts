import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { instance } from '@viz-js/viz'
import { packages } from './packages.ts'

/** A package as the picture shows it. */
export interface Room {
  readonly name: string
  /** The folders of its sources. */
  readonly wings: readonly string[]
  /** Packages of ours that it imports itself. */
  readonly standsOn: readonly string[]
}

/** Reads what is to be drawn from the workspace. */
export function readHouse(): readonly Room[] {
  return packages.map(({ id, folder, manifest }) => ({
    name: id,
    wings: readdirSync(join(folder, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .toSorted(),
    standsOn: Object.keys(manifest.dependencies ?? {})
      .filter((name) => name.startsWith('@scitokens/'))
      .map((name) => name.slice('@scitokens/'.length))
      .toSorted(),
  }))
}

/** Draws the packages as SVG, each above those that it imports. */
export async function drawHouse(house: readonly Room[]): Promise<string> {
  const nodes = house.map(({ name, wings }) => `${JSON.stringify(name)} [label="${label(name, wings)}"]`)
  const arrows = house.flatMap(({ name }) =>
    directlyBelow(house, name).map((below) => `${JSON.stringify(name)} -> ${JSON.stringify(below)}`),
  )
  const viz = await instance()
  const svg = viz.renderString(
    [
      'digraph { rankdir=TB; nodesep=0.25; ranksep=0.45; bgcolor=white;',
      'node [shape=Mrecord, style=filled, fillcolor="#f3f7fa", color="#778899", fontname="Helvetica,Arial,sans-serif", fontsize=12, margin="0.2,0.06"];',
      'edge [color="#778899", arrowsize=0.6];',
      ...nodes,
      ...arrows,
      '}',
    ].join('\n'),
    { format: 'svg' },
  )
  // The comments name the version of the drawing program, which is nobody's matter.
  return svg.slice(svg.indexOf('<svg')).replaceAll(/<!--.*?-->\n?/gs, '')
}

/** The name, and below a line the wings, two beside each other. */
function label(name: string, wings: readonly string[]): string {
  const lines = wings.flatMap((wing, at) => (at % 2 === 0 ? [[wing, ...wings.slice(at + 1, at + 2)].join(' · ')] : []))
  return wings.length === 0 ? name : `{${name}|${lines.join('\\n')}}`
}

/** What a package stands on without another one between them: an arrow that two others make is left out. */
function directlyBelow(house: readonly Room[], name: string): string[] {
  const below = (of: string): readonly string[] => house.find((room) => room.name === of)?.standsOn ?? []
  const reaches = (from: string, to: string): boolean => below(from).some((next) => next === to || reaches(next, to))
  return below(name).filter((target) => !below(name).some((other) => other !== target && reaches(other, target)))
}
