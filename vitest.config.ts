import { defineConfig } from 'vitest/config'

const conditions = ['white-cross-source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{src,tools,examples,sidecar}/**/*.test.ts', 'test/**/*.test.ts'],
    environment: 'node',
    pool: 'threads',
    maxWorkers: 2,
    isolate: false,
    unstubEnvs: true,
    unstubGlobals: true,
    restoreMocks: true,
    // Property tests take their time on a machine that does other things as well.
    testTimeout: 120_000,
  },
})
