import { type Browser, chromium } from 'playwright-core'

/** Debian's browser, without a window and without the connections it would make by itself. */
export function launchChromium(): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update']
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
  })
}
