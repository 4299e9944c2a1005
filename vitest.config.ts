/** Runs every test but those that need the local stack; REQUIRE_STACK=1 runs those too, and fails without it. */
import { defineConfig } from 'vitest/config'

const stackRequired = process.env.REQUIRE_STACK === '1'
// They kill brokers of their own for minutes, and have a command of their own: npm run test:faults.
const faultsWanted = process.env.FAULTS === '1'

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: [
      ...(stackRequired ? [] : ['test/integration/**']),
      ...(faultsWanted ? [] : ['test/integration/faults/faults.test.ts']),
    ],
    pool: 'forks',
    maxWorkers: 2,
    // A whole simulated cluster takes seconds on a busy machine; a test that hangs is told within a minute.
    // With real brokers beside it, it takes longer.
    testTimeout: stackRequired ? 180_000 : 60_000,
    hookTimeout: stackRequired ? 180_000 : 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', './test/left-out.ts'],
  },
})
