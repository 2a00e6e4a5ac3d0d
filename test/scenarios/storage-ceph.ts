import { execFileSync } from 'node:child_process'
import { runSuites } from '../conformance/run-suites.ts'
import { s3PeerSuites } from '../conformance/services/storage/s3-peers.ts'
import { startCeph } from '../support/ceph.ts'

/** Runs the laws of blob stores on Ceph's gateway, where it is installed. */
if (isInstalled()) {
  const ceph = await startCeph()
  try {
    const suites = s3PeerSuites({ CEPH_URL: ceph.url })
    const failed = await runSuites('node', suites, console.log, process.argv[2])
    if (failed > 0) process.exitCode = 1
  } finally {
    await ceph.stop()
  }
} else {
  const excused = 'Ceph is not installed here; on Debian the tests install it'
  const cases = [{ name: 'laws', excused, run: async () => undefined }]
  await runSuites('node', [{ subject: 'BlobStore', adapter: 's3 (Ceph)', cases }], console.log)
}

function isInstalled(): boolean {
  try {
    for (const program of ['radosgw', 'ceph-mon', 'ceph-osd'])
      execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
