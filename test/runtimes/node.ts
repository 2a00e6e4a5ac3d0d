import { memorySuites } from '../conformance/memory.ts'
import { runSuites } from '../conformance/run-suites.ts'

const failed = await runSuites('node', [...memorySuites()], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
