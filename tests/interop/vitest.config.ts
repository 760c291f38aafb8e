import { defineConfig } from 'vitest/config'

// Apart from `npm test`: these tests need programs that are not on npm. `npm run test:interop` runs them.
const conditions = ['@scitokens/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: 'interop',
    root: import.meta.dirname,
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Servers with caches of their own: one file at a time keeps their load, and the reader's log, in order.
    fileParallelism: false,
  },
})
