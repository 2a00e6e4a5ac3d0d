import process from 'node:process'
import { Redis } from 'ioredis'
import { azurePeerSuites } from '../conformance/services/storage/azure-peer.ts'
import { s3PeerSuites } from '../conformance/services/storage/s3-peers.ts'
import { fileSystemSuites } from '../conformance/services/storage/file-system.ts'
import { memorySuites } from '../conformance/backends/memory.ts'
import { platformSuites } from '../conformance/platform.ts'
import { pureSuites } from '../conformance/pure-suites.ts'
import { redisPeerSuites } from '../conformance/backends/redis-peers.ts'
import { runSuites } from '../conformance/run-suites.ts'
import { sqliteSuites } from '../conformance/backends/sqlite.ts'

const suites = [
  ...platformSuites(process.env),
  ...pureSuites(),
  ...fileSystemSuites(),
  ...s3PeerSuites(process.env),
  ...azurePeerSuites(process.env),
  ...memorySuites(process.env['SIMULATION_SEEDS']),
  ...sqliteSuites(undefined, process.env['SIMULATION_SEEDS']),
  ...redisPeerSuites(process.env, (url) => new Redis(url)),
]
const failed = await runSuites('deno', suites, console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
