/** Runs every test but those that need the local stack; REQUIRE_STACK=1 runs those too, and fails without it. */
import { defineConfig } from 'vitest/config'

const stackRequired = process.env.REQUIRE_STACK === '1'
/** They kill brokers and pods of their own and measure times: nothing may run beside them. */
const FAULTS = [
  'test/integration/faults/faults.test.ts',
  'test/integration/faults/torn.test.ts',
  'test/integration/faults/torn-pods.test.ts',
  'test/integration/answers.test.ts',
  'test/integration/image/image.test.ts',
]
// A whole simulated cluster takes seconds on a busy machine; a test that hangs is reported within a minute.
// With real brokers beside it, it takes longer.
const timeoutMs = stackRequired ? 180_000 : 60_000

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    // Importing is a third of the time otherwise. No test may leave anything behind for the next one.
    isolate: false,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    teardownTimeout: 10_000,
    reporters: ['default', './test/left-out.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: stackRequired ? FAULTS : ['test/integration/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: stackRequired ? FAULTS : [],
          fileParallelism: false,
          isolate: true,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
