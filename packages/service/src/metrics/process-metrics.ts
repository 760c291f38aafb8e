import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** Memory, processor time, descriptors and event loop of this process, by the names that dashboards know. */
export function addProcessMetrics(metrics: Metrics): { readonly stop: () => void } {
  const gauge = (name: string, help: string): ((value: number) => void) => {
    const one = metrics.gauge({ name, help })
    return (value) => one.set({}, value)
  }
  const processor = metrics.counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process in seconds.',
  })
  const start = gauge('process_start_time_seconds', 'When the process began, in seconds since the epoch.')
  const resident = gauge('process_resident_memory_bytes', 'Memory of the process in bytes.')
  const heapUsed = gauge('nodejs_heap_size_used_bytes', 'Memory that JavaScript objects take, in bytes.')
  const heapTotal = gauge('nodejs_heap_size_total_bytes', 'Memory that is kept for JavaScript objects, in bytes.')
  const lagMean = gauge('nodejs_eventloop_lag_mean_seconds', 'How late timers were since the last scrape, on average.')
  const lagMost = gauge('nodejs_eventloop_lag_max_seconds', 'How late the latest timer was since the last scrape.')
  const lagOften = gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'How late one timer in a hundred was, since the last scrape.',
  )
  const openFiles = gauge('process_open_fds', 'Open descriptors.')
  const version = metrics.gauge({ name: 'nodejs_version_info', help: 'The version of Node.', labels: ['version'] })
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  let told = 0
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage()
    const used = (user + system) / 1e6
    processor.inc({}, used - told)
    told = used
    start(performance.timeOrigin / 1000)
    const { rss, heapUsed: used_, heapTotal: total } = process.memoryUsage()
    resident(rss)
    heapUsed(used_)
    heapTotal(total)
    // Not a number before anything was measured.
    lagMean((delay.mean || 0) / 1e9)
    lagMost(delay.max / 1e9)
    lagOften(delay.percentile(99) / 1e9)
    delay.reset()
    version.set({ version: process.version }, 1)
    try {
      openFiles(readdirSync('/proc/self/fd').length)
    } catch {
      // A system without /proc does not tell.
    }
  })
  return { stop: () => delay.disable() }
}
