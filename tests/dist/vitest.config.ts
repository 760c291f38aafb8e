import { defineConfig } from 'vitest/config'

// Needs the tarballs that `npm run test:dist` packs first, so it is no part of `npm test`.
export default defineConfig({
  test: { name: 'dist', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000 },
})
