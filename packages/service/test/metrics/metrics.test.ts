import { Metrics } from '@scitokens/service'
import { expect, test } from 'vitest'
import { mergeMetrics } from '../../src/metrics/merge.ts'

test('counters, gauges and histograms are written as Prometheus reads them', async () => {
  const metrics = new Metrics()
  metrics.counter({ name: 'plain_total', help: 'Counts.\nOften\\.' }).inc({}, 2)
  const counter = metrics.counter({ name: 'events_total', help: 'Events.', labels: ['event', 'issuer'] })
  counter.inc({ issuer: 'a"b\\c\nd', event: 'issued' })
  counter.inc({ event: 'issued', issuer: 'a"b\\c\nd' })
  const gauge = metrics.gauge({ name: 'keys', help: 'Keys.', labels: ['alg'] })
  metrics.onCollect(async () => {
    gauge.reset()
    gauge.set({ alg: 'ES256' }, 1)
  })
  gauge.set({ alg: 'gone' }, 1)
  const histogram = metrics.histogram({ name: 'took_seconds', help: 'Time.', labels: ['route'] }, [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe({ route: '/' }, value)
  expect(await metrics.text()).toBe(String.raw`# HELP plain_total Counts.\nOften\\.
# TYPE plain_total counter
plain_total 2
# HELP events_total Events.
# TYPE events_total counter
events_total{event="issued",issuer="a\"b\\c\nd"} 2
# HELP keys Keys.
# TYPE keys gauge
keys{alg="ES256"} 1
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{route="/",le="0.1"} 2
took_seconds_bucket{route="/",le="1"} 3
took_seconds_bucket{route="/",le="+Inf"} 4
took_seconds_sum{route="/"} 3.65
took_seconds_count{route="/"} 4
`)
})

test('a name that is none, or is taken, is refused', () => {
  const metrics = new Metrics()
  metrics.gauge({ name: 'x', help: 'X.' })
  expect(() => metrics.counter({ name: 'x', help: 'X.' })).toThrow('there is a metric x already')
  expect(() => metrics.counter({ name: 'a-b', help: 'X.' })).toThrow('a-b is no name of a metric')
})

test('what several processes export stands together, each sample with its worker', () => {
  const of = (value: number): string =>
    `# HELP a A.\n# TYPE a counter\na{x="1 {"} ${value}\na ${value}\n# HELP b B.\n# TYPE b gauge\nb ${value}\n`
  expect(
    mergeMetrics([
      { worker: '1', text: of(1) },
      { worker: '2', text: of(2) },
    ]),
  ).toBe(`# HELP a A.
# TYPE a counter
a{worker="1",x="1 {"} 1
a{worker="1"} 1
a{worker="2",x="1 {"} 2
a{worker="2"} 2
# HELP b B.
# TYPE b gauge
b{worker="1"} 1
b{worker="2"} 2
`)
  expect(mergeMetrics([])).toBe('')
})
